"""Servers are replaced by newer ones that move slots by themselves, while more shards are wished."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.formation import forming
from tests.keeping import fire, keeping
from tests.reshard import wishing
from tests.reshard.wishing import owned
from tests.statefulset import needs, sets


def wait_told(app: sets.LocalStatefulSet) -> None:
    """Wait until a sidecar says that the servers do not move slots in one way."""
    forming.until(
        lambda: any(keeping.blocked(one) == {"move-unsupported"} for one in app.pods),
        lambda: [forming.last(one) for one in app.pods],
    )


@pytest.mark.enumerates
@pytest.mark.parametrize(
    ("old", "new"), [("valkey-8.1", "valkey-9.1"), ("redis-8.2", "redis-8.10")]
)
def test_slots_move_once_the_last_pod_has_the_new_version(
    old: str, new: str, tmp_path: Path
) -> None:
    """The last ordinal first, as a StatefulSet rolls, under a writer."""
    needs.insecurity("not all of these servers have TLS here")
    with (
        wishing.formed(old, tmp_path, fire.ENV, server_config=fire.SETTINGS) as (app, wish),
        fire.Fire(app) as burning,
    ):
        wish.state("4")
        wishing.scale_out(app, 2)
        for one in reversed(app.pods):
            wait_told(app)
            assert sorted(owned(app).values()) == [5461, 5461, 5462]
            one.server = needs.server(new)
            burning.roll(one)
        wishing.wait_even(app, 4)
        lost = burning.judge()
        print(f"{old} to {new}: {burning.report('upgrade', lost)}")
        assert lost == set()
