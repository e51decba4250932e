"""`scripts/bench`: how fast clusters form, and what a sidecar costs. Nothing here is asserted."""
