"""Faults with known truth, and scores against it."""
