"""More shards are wished: new pods become one, and slots move to it under a writer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.formation import forming
from tests.keeping import fire, keeping
from tests.reshard import wishing
from tests.statefulset import oracle


@pytest.mark.secured
@pytest.mark.parametrize("name", wishing.SERVERS)
def test_three_become_four(name: str, tmp_path: Path) -> None:
    with wishing.formed(name, tmp_path) as (app, wish), fire.Fire(app) as burning:
        before = wishing.owned(app)
        wish.state("4")
        new = wishing.scale_out(app, 2)
        wishing.wait_even(app, 4)
        oracle.wait_healthy(app.pods, keeping.HEALTHY, replicas_per_shard=1)
        # As few as can be: each owner only gave.
        after = wishing.owned(app)
        assert {one: before[one] - after[one] for one in before} == {0: 1365, 1: 1365, 2: 1366}
        assert new[0].ordinal in after
        assert keeping.missing_keys(app) == []
        burning.writer.stop()
        assert not burning.writer.lost()


@pytest.mark.parametrize("name", wishing.SERVERS)
def test_there_and_back(name: str, tmp_path: Path) -> None:
    """Those that have just given slots away get them back: what servers still delete is no key."""
    with wishing.formed(name, tmp_path) as (app, wish), fire.Fire(app) as burning:
        wish.state("4")
        wishing.scale_out(app, 2)
        forming.until(lambda: len(wishing.owned(app)) == 4, lambda: wishing.owned(app))
        wish.state("3")
        forming.until(
            lambda: sorted(wishing.owned(app).values()) == [5461, 5461, 5462],
            lambda: (wishing.owned(app), [forming.last(one) for one in app.pods]),
        )
        assert keeping.missing_keys(app) == []
        burning.writer.stop()
        assert not burning.writer.lost()
