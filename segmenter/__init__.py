"""Orders in, memberships out. Pure: no clock, no I/O."""
