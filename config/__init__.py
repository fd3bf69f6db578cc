"""What the operator writes."""
