"""More shards are wished: new pods become one, and slots move to it under a writer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.formation import forming
from tests.keeping import fire, keeping
from tests.reshard import wishing
from tests.statefulset import oracle, sets


def owned(app: sets.LocalStatefulSet) -> dict[int, int]:
    """How many slots each pod's node says that it owns, by ordinal; those with none are left out."""
    found = {}
    for one in app.pods:
        (line,) = [line for line in one.cluster_nodes().splitlines() if "myself" in line]
        spans = [span.partition("-") for span in line.split()[8:] if not span.startswith("[")]
        count = sum(int(last or first) - int(first) + 1 for first, _, last in spans)
        if count:
            found[one.ordinal] = count
    return found


@pytest.mark.parametrize("name", wishing.SERVERS)
def test_three_become_four(name: str, tmp_path: Path) -> None:
    with wishing.formed(name, tmp_path) as (app, wish), fire.Fire(app) as burning:
        before = owned(app)
        wish.state("4")
        new = wishing.scale_out(app, 2)
        forming.until(
            lambda: sorted(owned(app).values()) == [4096] * 4,
            lambda: (owned(app), [one.sidecar.log()[-1] for one in app.pods]),
        )
        forming.wait_ready(app.pods)
        forming.until(
            lambda: all(forming.phase(one) == "steady" for one in app.pods),
            lambda: [one.sidecar.log()[-1] for one in app.pods],
        )
        oracle.wait_healthy(app.pods, keeping.HEALTHY, replicas_per_shard=1)
        # As few as can be: each owner only gave.
        after = owned(app)
        assert {one: before[one] - after[one] for one in before} == {0: 1365, 1: 1365, 2: 1366}
        assert new[0].ordinal in after
        assert keeping.missing_keys(app) == []
        burning.writer.stop()
        assert not burning.writer.lost()
