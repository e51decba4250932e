"""A run from its start to its end: the loop, a hand-over, a single look."""
