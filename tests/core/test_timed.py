"""The conditions of which it is timed how long they hold."""

from __future__ import annotations

import pytest

from bootstrap.model.actions import Failover, Meet
from bootstrap.model.directory import Name
from bootstrap.model.snapshot import Pod, Scope, Volume
from bootstrap.observe.timers import Stopwatches
from bootstrap.plan import timed
from bootstrap.redis import parse
from tests.core import build

FORMED = build.all_lines(0)
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
        ([*FORMED, "x9 10.9.9.9:6379@16379 master - 0 0 7 connected"], {}, {"unnamed"}),
        (FORMED, {"cluster_announce_human_nodename": "redis-app-0/-/-/handover"}, {"leaving"}),
    ],
)
def test_conditions_of_our_own_node(
    nodes: list[str] | str, more: dict[str, object], expected: set[str]
) -> None:
    view = build.view(nodes, **more)  # type: ignore[arg-type]  # a table's row
    assert {name for name, holds in timed.OWN.items() if holds(view)} == expected


def test_conditions_of_each_pod() -> None:
    replica = build.own(3, build.all_lines(3))
    linked = build.own(3, build.all_lines(3), link=True)
    foreign = build.own(3, build.all_lines(3), link=True, cluster_announce_hostname=FOREIGN)
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
        (build.all_lines(3), "", "", False),
        (FORMED, "/data/dump.rdb", "redis-app.elsewhere", True),
    ],
)
def test_a_volume_that_is_a_reason_to_keep_the_server_down(
    nodes: list[str] | str, data: str, adopted: str, *, kept: bool
) -> None:
    members = parse.nodes("\n".join(nodes)) if nodes else ()
    seen = Volume(file="/data/nodes.conf" if nodes else "", members=members, data=data)
    assert timed.kept_down(seen, build.topology(0, adopted=adopted)) is kept


DENIED = Name(state="absent", denied=True)


class Looks:
    """Looks at pod 0, ours, and at pod 6, at given seconds."""

    def __init__(self) -> None:
        """Nothing was seen yet."""
        self.now = 0.0
        self.watches = Stopwatches(build.topology(0), lambda: self.now)

    def absent(self, at: float, six: Name | Pod | None) -> float:
        """For how long pod 6 has been denied after another look; None: it was not looked at."""
        self.now = at
        me = build.own(0, FORMED)
        other = build.pod(6, resolved=six) if isinstance(six, Name) else six
        scope = Scope.LOCAL if other is None else Scope.ALL
        found = self.watches.of(scope, me, [me, other] if other else [me])
        return found.absent_for("redis-app-6")


def test_how_long_dns_has_denied_a_name() -> None:
    looks = Looks()
    assert [looks.absent(at, DENIED) for at in (10, 20, 30)] == [0, 10, 20]
    assert looks.absent(40, None) == 20 + 10  # between two looks at all pods
    assert looks.absent(44, DENIED) == 34


@pytest.mark.parametrize(
    "six",
    [
        Name(state="absent", reason="not listed by 10.96.0.10:53"),
        Name(state="unknown", reason="SERVFAIL from 10.96.0.10:53"),
        Name(state="found", addresses=("10.0.0.16",)),
        build.pod(6, "refused", resolved=DENIED),
    ],
)
def test_anything_else_begins_the_time_anew(six: Name | Pod) -> None:
    looks = Looks()
    looks.absent(0, DENIED)
    assert looks.absent(10, six) == 0
    assert looks.absent(11, DENIED) == 0
    assert looks.absent(12, DENIED) == 1


def test_a_break_between_looks_begins_it_anew() -> None:
    """A pod that restarts is absent too, and nothing was seen of what was between."""
    looks = Looks()
    looks.absent(0, DENIED)
    assert looks.absent(15, DENIED) == 15
    assert looks.absent(30.1, DENIED) == 0


def test_when_a_replica_was_told_to_take_over() -> None:
    looks = Looks()
    me = build.own(0, FORMED)
    assert looks.watches.of(Scope.LOCAL, me, [me]).failed_over is None
    looks.watches.answered("redis-app-3", Failover.kind, "not now", forbidden=False)
    looks.watches.answered("redis-app-3", Meet.kind, None, forbidden=False)
    assert looks.watches.of(Scope.LOCAL, me, [me]).failed_over is None
    looks.watches.answered("redis-app-3", Failover.kind, None, forbidden=False)
    looks.now = 3.0
    assert looks.watches.of(Scope.LOCAL, me, [me]).failed_over == 3.0


def test_whether_our_node_came_back_or_is_new() -> None:
    watches = Stopwatches(build.topology(6), lambda: 0.0)

    def came_back(nodes: list[str] | str | None) -> bool:
        me = build.pod(6, "timeout") if nodes is None else build.own(6, nodes)
        return watches.of(Scope.LOCAL, me, [me]).came_back

    met = [*build.all_lines(-1), build.line(6, "myself,master")]
    assert came_back(met)
    assert not came_back(build.blank(6))
    assert not came_back(met)
    assert not came_back(None)
    assert not came_back(met)
    assert not came_back([*build.all_lines(-1), build.line(6, "myself,slave", "n0")])
    assert came_back(met)
