"""The conformance kit that third parties subclass."""
