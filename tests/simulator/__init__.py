"""A fake cluster without processes, sockets or clocks, and an oracle that never asks the planner.

`node` is one server, `bus` what servers tell each other, `world` the StatefulSet around them,
`sidecar` one process of ours, `oracle` what must never happen, `machine` what tries to make it
happen. `tests/test_simulator_is_real.py` holds the fake to real servers.
"""
