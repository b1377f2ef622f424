"""From a recipe, data and a seed to a run."""
