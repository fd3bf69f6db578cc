"""Stateful look-alikes of the vendors, served on loopback."""
