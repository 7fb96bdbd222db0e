"""Networks, training loops and quality measures in TensorFlow and NumPy."""
