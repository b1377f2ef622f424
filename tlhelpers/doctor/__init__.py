"""Names the trouble of anybody's own Keras training; needs Keras and NumPy only."""
