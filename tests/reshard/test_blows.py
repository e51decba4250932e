"""Servers die or hang while slots move. The cluster ends as it is wished, under a writer.

Only writes may be lost that no copy had when their primary was struck.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.formation import forming
from tests.keeping import fire, keeping, roles
from tests.reshard import wishing
from tests.statefulset import kubelet, pod, process, sets

PARTS: Final = ("source", "target", "source's replica", "target's replica", "third owner")


def struck(app: sets.LocalStatefulSet, part: str, source: pod.Pod, target: pod.Pod) -> pod.Pod:
    """Return the pod that plays this part in the move."""
    if part == "third owner":
        return next(one for one in app.pods[:3] if one is not source)
    side = source if part.startswith("source") else target
    return side if part in {"source", "target"} else roles.replicas(app, side)[0]


def failed(app: sets.LocalStatefulSet, one: pod.Pod, node_id: str) -> bool:
    """Whether most nodes have marked a pod's node as failed."""
    others = [other.cluster_nodes() for other in app.pods if other is not one]
    lines = (line.split() for text in others for line in text.splitlines())
    flags = [words[2].split(",") for words in lines if words[0] == node_id]
    return sum("fail" in some for some in flags) > len(flags) / 2


@pytest.mark.enumerates
@pytest.mark.parametrize("blow", ["killed", "frozen"])
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", wishing.SERVERS)
def test_a_blow_while_slots_move(name: str, part: str, blow: str, tmp_path: Path) -> None:
    with (
        wishing.formed(name, tmp_path, fire.ENV, server_config=fire.SETTINGS) as (app, wish),
        fire.Fire(app) as burning,
    ):
        owners = app.pods[:3]
        wishing.slowly(owners)
        wish.state("4")
        wishing.scale_out(app, 2)
        one = struck(app, part, *wishing.wait_moving(app))
        others = [other for other in app.pods if other is not one]
        if blow == "killed":
            burning.strike([one])
            wishing.slowly(others, slow=False)
            kubelet.start([one])
        else:
            node_id = one.node_id()
            burning.freeze(one)
            wishing.slowly(others, slow=False)
            process.wait_for(
                lambda: failed(app, one, node_id), forming.LONG, f"{one} to count as failed"
            )
            one.resume()
            wishing.slowly([one], slow=False)
        wishing.wait_even(app, 4)
        lost = burning.judge()
        print(f"{name}, {part} {blow}: {burning.report('the move went on', lost)}")
        assert keeping.missing_keys(app) == []
