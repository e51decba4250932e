"""Snapshots and plans for tests of what shows them."""

from __future__ import annotations

import dataclasses

from bootstrap.model import directory
from bootstrap.model.snapshot import Pod, Scope, Snapshot, Trouble, Unreachable
from bootstrap.model.topology import Topology
from bootstrap.model.view import Member, View
from bootstrap.plan.verdict import Phase, Plan
from bootstrap.show import board

TOPOLOGY = Topology(
    statefulset="app", ordinal=0, subdomain="svc.ns.svc.cluster.local", size=6, address="192.0.2.1"
)
REFUSED = Unreachable(trouble=Trouble.REFUSED, reason="no connection: Connection refused")
STEADY = Plan(phase=Phase.STEADY)


def view(*, replica: bool = False, slots: bool = True, ok: bool = True, link: bool = True) -> View:
    """A node that says so of itself."""
    me = Member(
        node_id="a" * 40,
        address="192.0.2.1",
        port=6379,
        bus_port=16379,
        flags=frozenset({"myself", "slave" if replica else "master"}),
        primary_id="b" * 40 if replica else None,
        slots=((0, 16383),) if slots and not replica else (),
    )
    primary = dataclasses.replace(
        me, node_id="b" * 40, address="192.0.2.2", flags=frozenset({"master"}), primary_id=None
    )
    return View(
        node_id=me.node_id,
        members=(me, primary) if replica else (me,),
        state_ok=ok,
        keys=0,
        version=(8, 0, 0),
        link_up=link,
        primary_host=primary.address if replica else "",
    )


def seen(plan: Plan, node: View | Unreachable | None, *, tick: int = 1) -> board.Status:
    """One tick's outcome in a pod whose node looks like this."""
    pod = Pod(
        name=TOPOLOGY.name,
        ordinal=0,
        hostname=TOPOLOGY.hostname_of(0),
        resolved=directory.Name(state="unknown"),
        address=TOPOLOGY.address,
        node=node,
    )
    snapshot = Snapshot(scope=Scope.LOCAL, pods=(pod,))
    return board.Status(tick=tick, topology=TOPOLOGY, snapshot=snapshot, plan=plan)
