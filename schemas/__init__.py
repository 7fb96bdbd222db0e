"""Declarations of what data must be, and the parameters of the flows."""
