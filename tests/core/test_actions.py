from __future__ import annotations

from pathlib import Path

import pytest

import bootstrap
from bootstrap.model import actions
from bootstrap.model.migration import Way

CASES: list[tuple[actions.Action, str]] = [
    (
        actions.ConfigSet(pod="p-0", settings=(("a", "1"), ("b", "2")), why="w"),
        "p-0: config-set a=1 b=2 (w)",
    ),
    (
        actions.SetPeersPassword(pod="p-0", why="w"),
        "p-0: set-peers-password masterauth=<our password> (w)",
    ),
    (
        actions.ReloadCertificates(pod="p-0", path="/tls/tls.crt", why="w"),
        "p-0: reload-certificates /tls/tls.crt (w)",
    ),
    (actions.SetConfigEpoch(pod="p-0", epoch=3, why="w"), "p-0: set-config-epoch 3 (w)"),
    (actions.AddSlots(pod="p-0", ranges=((0, 9), (11, 11)), why="w"), "p-0: add-slots 0-9 11 (w)"),
    (
        actions.Meet(pod="p-0", peer="p-1", address="10.0.0.1", port=1, bus_port=2, why="w"),
        "p-0: meet p-1 10.0.0.1 1 2 (w)",
    ),
    (
        actions.Replicate(pod="p-0", primary="p-1", primary_id="abc", why="w"),
        "p-0: replicate p-1 abc (w)",
    ),
    (actions.Forget(pod="p-0", ghost="p-1", node_id="abc", why="w"), "p-0: forget p-1 abc (w)"),
    (actions.Failover(pod="p-0", primary="p-1", why="w"), "p-0: failover of p-1 (w)"),
    (
        actions.MigrateSlots(pod="p-0", ranges=((0, 9),), target="p-1", target_id="abc", why="w"),
        "p-0: migrate-slots 0-9 to p-1 abc (w)",
    ),
    (
        actions.ImportSlots(pod="p-0", ranges=((0, 9),), source="p-1", why="w"),
        "p-0: import-slots 0-9 from p-1 (w)",
    ),
    (actions.CancelMigrations(pod="p-0", way=Way.PULL, why="w"), "p-0: cancel-migrations (w)"),
    (
        actions.RestoreFunctions(pod="p-0", source="p-1", why="w"),
        "p-0: restore-functions of p-1 (w)",
    ),
]


@pytest.mark.parametrize(("action", "text"), CASES, ids=lambda case: type(case).__name__)
def test_an_action_is_one_line(action: actions.Action, text: str) -> None:
    assert actions.describe(action) == text


def test_no_plan_can_hold_a_command_that_loses_data() -> None:
    """I3: what there is no class for cannot be asked of a node."""
    kinds = {action.kind for action, _ in CASES}
    assert {type(action) for action, _ in CASES} == set(actions.Action.__args__)
    assert kinds == {
        "config-set", "set-peers-password", "reload-certificates", "set-config-epoch", "add-slots",
        "meet", "replicate", "forget", "failover", "migrate-slots", "import-slots",
        "cancel-migrations", "restore-functions",
    }  # fmt: skip
    node = (Path(bootstrap.__file__).parent / "redis" / "node.py").read_text().upper()
    for word in ("FLUSH", '"RESET', "DELSLOTS", "TAKEOVER", "FORCE"):
        assert word not in node
