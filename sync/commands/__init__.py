"""One file a command of ``tidesman``."""
