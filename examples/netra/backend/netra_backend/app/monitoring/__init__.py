"""What the operations dashboard shows."""
