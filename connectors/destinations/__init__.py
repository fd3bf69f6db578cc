"""Where segments go."""
