"""Faults that only a person can mend, and that block no rule: one module for each."""
