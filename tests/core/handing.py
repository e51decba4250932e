"""Pods of a formed cluster that hand over, and what is decided about them."""

from __future__ import annotations

import dataclasses
from typing import Any

from bootstrap.model import leaving_mark
from bootstrap.model.actions import Action, ConfigSet, Failover
from bootstrap.model.snapshot import Pod, Trouble
from bootstrap.plan import handover, handover_run
from bootstrap.plan.handover_run import Ended, Result, Run
from bootstrap.plan.verdict import Step
from tests.core import build

OLD = "redis-7.0"
MINE = ((0, 5460),)
BEGUN = Run(limit=20.0, seconds=1.0, node_id="n0", slots=MINE, marked=True)
SENT = dataclasses.replace(BEGUN, sent=("redis-app-3",), sent_at=0.5)
#: n3 has taken the slots of n0 over, and n0 follows it.
TURNED = [
    build.line(0, "slave", "n3"),
    build.line(1, "master", slots="5461-10921"),
    build.line(2, "master", slots="10922-16383"),
    build.line(3, "master", slots="0-5460"),
    build.line(4, "slave", "n1"),
    build.line(5, "slave", "n2"),
]


def own(ordinal: int, lines: list[str] | None = None, **more: Any) -> Pod:
    """A pod of a formed cluster; `mark` and `place` are parts of its human name."""
    mark, place = more.pop("mark", False), more.pop("place", "-/-")
    offset = more.pop("offset", 1000)
    name = f"redis-app-{ordinal}/{place}" + "/handover" * mark
    pod = build.own(
        ordinal,
        by(ordinal, lines) if lines else build.all_lines(ordinal),
        **{"ok": True, "link": True, "cluster_announce_human_nodename": name, **more},
    )
    assert pod.view is not None
    return dataclasses.replace(pod, node=dataclasses.replace(pod.view, offset=offset))


def by(ordinal: int, lines: list[str]) -> list[str]:
    """The same lines as one of them says them of itself."""
    head = f"n{ordinal} "
    return [
        line.replace(" master ", " myself,master ").replace(" slave ", " myself,slave ")
        if line.startswith(head)
        else line
        for line in lines
    ]


def cannot_mark(ordinal: int, trouble: Trouble = Trouble.TIMEOUT) -> Pod:
    return build.pod(ordinal, trouble.value)


def decide(*pods: Pod, run: Run = BEGUN, me: int = 0, **more: Any) -> Step | Ended:
    """Decided as the shell has it: the run knows the snapshot."""
    topology = build.topology(me, **more)
    snapshot = build.snapshot(*pods)
    return handover.decide(snapshot, topology, handover_run.seen(run, snapshot, topology))


def actions(found: Step | Ended) -> tuple[Action, ...]:
    assert isinstance(found, Step), found
    return found.actions


def sent_to(found: Step | Ended) -> str:
    """The pod that is told to take over."""
    (action,) = actions(found)
    assert isinstance(action, Failover), found
    return action.pod


def waits(found: Step | Ended) -> str:
    assert isinstance(found, Step), found
    assert found.actions == (), found
    return found.until


def name_set(found: Step | Ended) -> str:
    """What our own node is to be called."""
    (action,) = actions(found)
    assert isinstance(action, ConfigSet), found
    assert action.pod == "redis-app-0"
    ((setting, name),) = action.settings
    assert setting == leaving_mark.NAME
    return name


def ended(found: Step | Ended, result: Result) -> str:
    assert isinstance(found, Ended), found
    assert found.result is result, found
    return found.text


def with_replica(replica: Pod, *, seconds: float = 1.0, **lines: str) -> Step | Ended:
    """Our primary 0 with one replica; `n3=...` is another line of ours about it."""
    mine = build.all_lines(0)
    mine[3] = lines.get("n3", mine[3])
    me = own(0, mine, mark=True, **({"ok": False} if "fail" in mine[3] else {}))
    return decide(me, own(1), own(2), replica, run=dataclasses.replace(BEGUN, seconds=seconds))


LATE = 15.0
SYNCING = own(3, link=False)
