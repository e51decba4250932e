"""A run from start to end: the loop, a hand-over, a single look."""
