"""`scripts/bench`: how fast clusters form and slots move, and what a sidecar costs.

Nothing here is asserted.
"""
