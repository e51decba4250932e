"""A pod is replaced while slots move from it, or to it, under a writer."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.keeping import fire, keeping, roles
from tests.reshard import wishing

CANCELS: Final = {"kind": "cancel-migrations", "result": "ok"}


@pytest.mark.parametrize("side", ["source", "target"])
@pytest.mark.parametrize("name", wishing.SERVERS)
def test_one_side_of_a_move_is_replaced(name: str, side: str, tmp_path: Path) -> None:
    """The hand-over first, then SIGTERM; the pod comes back at another address."""
    with wishing.formed(name, tmp_path) as (app, wish), fire.Fire(app) as burning:
        owners = app.pods[:3]
        wishing.slowly(owners)
        wish.state("4")
        wishing.scale_out(app, 2)
        source, target = wishing.wait_moving(app)
        one = source if side == "source" else target
        _, text = roles.hand_over(one)
        assert text.startswith("done: " if side == "source" else "nothing: "), text
        # The source's sidecar ends a push, that of a target a pull; a pull from a node goes on.
        goes_on = name.startswith("redis") and side == "source"
        cancelled = [roles.count(pod, "bootstrap_actions_total", **CANCELS) for pod in app.pods]
        assert any(cancelled) is not goes_on
        moves = wishing.moves(target)
        # From another source the next may have begun by now.
        left = {source.node_id()} if side == "source" else {move.source_id for move in moves}
        assert goes_on or not any(move.source_id in left for move in moves)
        burning.roll(one)
        wishing.slowly(owners, slow=False)
        wishing.wait_even(app, 4)
        assert burning.judge() == set()
        assert keeping.missing_keys(app) == []
