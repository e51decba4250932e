"""Texts for a person: what is missing, what to look at, and what to type."""
