"""The laws of a source, by subject."""
