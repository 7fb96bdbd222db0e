"""What runs, in which order: a flow reads like a recipe."""
