"""Faults that a person must mend and that keep no rule from acting: one module for each."""
