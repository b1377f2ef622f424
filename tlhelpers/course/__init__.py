"""The pages: made, executed and reported, here or on a cluster; and the two-sided check."""
