"""When, how often, and again. The only state."""
