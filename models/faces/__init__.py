"""Draws faces with a trained generator, without TensorFlow: in a browser, or by the command `eightytwenty draw`."""
