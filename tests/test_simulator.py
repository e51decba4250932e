"""The planner, driven through what may befall a cluster; see `tests/simulator`.

SIMULATOR_EXAMPLES=2000 searches longer, each time elsewhere, as `scripts/thorough simulator` does.
Without it every run is the same.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

from tests.simulator.machine import Machine

_SEARCH = os.environ.get("SIMULATOR_EXAMPLES")

TestSimulator = Machine.TestCase
TestSimulator.settings = settings(
    max_examples=int(_SEARCH or 50),
    stateful_step_count=20,
    derandomize=not _SEARCH,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
