"""How synthetic images are drawn."""
