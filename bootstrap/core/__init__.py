"""Everything that decides. Pure: no I/O, no clock, no randomness; import-linter holds it to that."""
