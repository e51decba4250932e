"""Servers that move no slots by themselves, told to have another number of shards."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.formation import forming
from tests.keeping import keeping
from tests.reshard import wishing


@pytest.mark.parametrize("name", ["redis-7.0", "redis-8.2"])
def test_the_wish_is_refused_and_all_goes_on(name: str, tmp_path: Path) -> None:
    with wishing.formed(name, tmp_path) as (app, wish):
        wish.state("4")
        forming.until(
            lambda: all(keeping.blocked(one) == {"move-unsupported"} for one in app.pods),
            lambda: [forming.last(one) for one in app.pods],
        )
        forming.wait_ready(app.pods)
        wish.state("3")
        forming.until(
            lambda: all(forming.phase(one) == "steady" for one in app.pods),
            lambda: [forming.last(one) for one in app.pods],
        )
        assert keeping.missing_keys(app) == []


def test_before_names_a_new_pod_joins_as_a_replica(tmp_path: Path) -> None:
    """A server before redis 7.2 shows no wish: its pod would wait for a seat for ever."""
    with wishing.formed("redis-7.0", tmp_path) as (app, wish):
        wish.state("4")
        new = wishing.scale_out(app, 1)
        forming.wait_ready(new)
        assert keeping.role(new[0]) == "slave"
