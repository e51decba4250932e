"""A pod loses its network while slots move, for longer than the node time-out, and comes back.

Server and sidecar of the pod are cut off together, and go on running.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.formation import forming
from tests.keeping import fire
from tests.reshard import wishing
from tests.reshard.test_blows import failed, struck
from tests.statefulset import needs, network

PARTS: Final = ("source", "target", "target's replica")


@pytest.mark.enumerates
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", wishing.SERVERS)
def test_a_pod_is_cut_off_while_slots_move(name: str, part: str, tmp_path: Path) -> None:
    """Only writes may be lost that the pod's replica did not have when the network was cut."""
    needs.namespaces()
    with (
        network.Network(8) as net,
        wishing.formed(name, tmp_path, fire.ENV, server_config=fire.SETTINGS, net=net) as (
            app,
            wish,
        ),
        fire.Fire(app) as burning,
    ):
        wishing.slowly(app.pods[:3])
        wish.state("4")
        wishing.scale_out(app, 2)
        one = struck(app, part, *wishing.wait_moving(app))
        node_id = one.node_id()
        burning.cut(one, net)
        wishing.slowly([other for other in app.pods if other is not one], slow=False)
        forming.until(lambda: failed(app, one, node_id), lambda: app.report(3))
        net.mend(one.ordinal)
        wishing.slowly([one], slow=False)
        wishing.wait_even(app, 4)
        lost = burning.judge()
        print(f"{name}, {part} cut off: {burning.report('the move went on', lost)}")
