"""Names what troubles a training of somebody else, while it trains."""
