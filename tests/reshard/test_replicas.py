"""More shards and fewer where shards have no replica, or two."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.keeping import fire, keeping
from tests.reshard import leaving, wishing
from tests.reshard.wishing import owned
from tests.statefulset import oracle


@pytest.mark.enumerates
@pytest.mark.parametrize("replicas", [0, 2])
@pytest.mark.parametrize("name", wishing.SERVERS)
def test_three_become_four_and_three_again(name: str, replicas: int, tmp_path: Path) -> None:
    each = 1 + replicas
    with (
        wishing.formed(name, tmp_path, size=3 * each, replicas_per_shard=replicas) as (app, wish),
        fire.Fire(app) as burning,
    ):
        wish.state("4")
        new = wishing.scale_out(app, each)
        wishing.wait_even(app, 4)
        oracle.wait_healthy(app.pods, keeping.HEALTHY, replicas_per_shard=replicas)
        assert set(owned(app)) == {0, 1, 2, new[0].ordinal}
        assert [one for one in new[1:] if not wishing.follows(one, new[0])] == []
        wish.state("3")
        wishing.wait_even(app, 3)
        leaving.wait_may_go(app, [one.name for one in new])
        leaving.scale_in(app, each)
        leaving.wait_forgotten(app)
        oracle.wait_healthy(app.pods, keeping.HEALTHY, replicas_per_shard=replicas)
        assert set(owned(app)) == {0, 1, 2}
        burning.writer.stop()
        assert not burning.writer.lost()
        assert keeping.missing_keys(app) == []
