"""What data must be."""
