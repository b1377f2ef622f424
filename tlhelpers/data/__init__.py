"""Images: drawn on the spot or prepared from the real sets, and how they are split."""
