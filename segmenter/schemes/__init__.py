"""One file a scheme: each buyer stands in exactly one of its segments."""
