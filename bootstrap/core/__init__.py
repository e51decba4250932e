"""Everything that decides. Pure: no I/O, no clock, no randomness; a lint holds it to that."""
