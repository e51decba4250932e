"""The conditions of which it is timed how long they hold."""

from __future__ import annotations

import pytest

from bootstrap.model.snapshot import Volume
from bootstrap.plan import timed
from bootstrap.redis import parse
from tests.core import build

FORMED = build.everybody(0)
FAILED = [*FORMED[:5], FORMED[5].replace("slave", "slave,fail?")]
FOREIGN = "cache-0.elsewhere.ns.svc.cluster.local"


@pytest.mark.parametrize(
    ("nodes", "more", "expected"),
    [
        (build.blank(0), {}, {"blank"}),
        (build.blank(0), {"keys": 1}, set()),
        (build.blank(0), {"cluster_node_timeout": "499"}, {"blank", "marked", "own_dip"}),
        (build.blank(0), {"cluster_ping_interval": "100"}, {"blank", "marked"}),
        ([build.blank(0), build.line(1)], {}, {"met"}),
        (FORMED, {}, set()),
        (FAILED, {}, {"unwell"}),
        (FORMED, {"cluster_announce_human_nodename": "redis-app-0/-/-/handover"}, {"leaving"}),
    ],
)
def test_conditions_of_our_own_node(
    nodes: list[str] | str, more: dict[str, object], expected: set[str]
) -> None:
    view = build.view(nodes, **more)  # type: ignore[arg-type]  # a table's row
    assert {name for name, holds in timed.OWN.items() if holds(view)} == expected


def test_conditions_of_each_pod() -> None:
    replica = build.own(3, build.everybody(3))
    linked = build.own(3, build.everybody(3), link=True)
    foreign = build.own(3, build.everybody(3), link=True, cluster_announce_hostname=FOREIGN)
    for pod, expected in (
        (replica, {"unlinked"}),
        (linked, set()),
        (foreign, {"strange"}),
        (build.own(0, FORMED), set()),
        (build.pod(3, "timeout"), set()),
    ):
        topology = build.topology(0)
        assert {name for name, holds in timed.PODS.items() if holds(pod, topology)} == expected


@pytest.mark.parametrize(
    ("nodes", "data", "adopted", "kept"),
    [
        ("", "", "", True),
        (FORMED, "", "", True),
        (FORMED, "/data/dump.rdb", "", False),
        (build.everybody(3), "", "", False),
        (FORMED, "/data/dump.rdb", "redis-app.elsewhere", True),
    ],
)
def test_a_volume_that_is_a_reason_to_keep_the_server_down(
    nodes: list[str] | str, data: str, adopted: str, *, kept: bool
) -> None:
    members = parse.nodes("\n".join(nodes)) if nodes else ()
    seen = Volume(file="/data/nodes.conf" if nodes else "", members=members, data=data)
    assert timed.kept_down(seen, build.topology(0, adopted=adopted)) is kept
