"""The pictures and the report of a run: pure functions, data in, figure or text out."""
