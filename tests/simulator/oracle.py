"""What must never happen, judged from the world as it is. Never asks the planner anything.

Numbers are those of the invariants in `bootstrap.plan`.
"""

from __future__ import annotations

import dataclasses
import random
import re
from typing import Final, assert_never

from bootstrap import plan as planning
from bootstrap.model import actions
from bootstrap.model.actions import Action
from bootstrap.model.snapshot import Snapshot
from bootstrap.model.topology import Topology
from bootstrap.plan.codes import Code
from bootstrap.plan.verdict import Plan
from tests.simulator import bits
from tests.simulator.node import Server
from tests.simulator.world import Pod, World

LASTING: Final = {
    "cluster-announce-bus-port",
    "cluster-announce-port",
    "cluster-announce-tls-port",
    "availability-zone",
    "cluster-announce-hostname",
    "cluster-announce-human-nodename",
    "cluster-announce-ip",
    "repl-diskless-sync-max-replicas",
}
"""Settings that say who and where a node is, and when a copy for its replicas begins."""
DIPS: Final = {"499", "999", "1999"}


class Violation(AssertionError):  # noqa: N818 - what it is
    """An invariant is broken; the message says which, and by what."""


def before(  # noqa: C901 - a table
    world: World, ordinal: int, plan: Plan, action: Action, server: Server
) -> None:
    """Judge a command at the moment when it is sent."""
    if action.pod != world.pods[ordinal].name and ordinal != world.ordinal_start:
        raise Violation(f"{ordinal} commands {action.pod}")
    if plan.blocked and isinstance(action, actions.AddSlots | actions.SetConfigEpoch):
        raise Violation(f"I3: blocked, and yet {action}")
    match action:
        case actions.AddSlots():
            _claim(world, action, server)
        case actions.Meet():
            _meet(world, action, server)
        case actions.Replicate():
            _replicate(world, action, server)
        case actions.ConfigSet():
            _config(world, action, server)
        case actions.Forget():
            _forget(world, action, server)
        case actions.SetConfigEpoch():
            _epoch(world, action, server)
        case actions.Failover() | actions.SetPeersPassword() | actions.ReloadCertificates():
            pass
        case (
            actions.MigrateSlots()
            | actions.ImportSlots()
            | actions.CancelMigrations()
            | actions.RestoreFunctions()
        ):
            raise Violation(f"M2: {action}, and no wish is stated")
        case _:
            assert_never(action)


def after(world: World, action: Action, refused: str | None) -> None:
    """Judge what a command has done."""
    if refused is not None and isinstance(action, actions.ConfigSet):
        raise Violation(f"{action} was refused: {refused}")


def judge_plan(snapshot: Snapshot, topology: Topology, plan: Plan) -> None:
    """What holds for every plan: I7, I8, and that an end is an end (I6)."""
    if plan.steps or plan.blocked or plan.waiting:
        # Another order at each moment, and always the same one when an example is replayed.
        arrival = random.Random(str(snapshot.timers))
        pods = tuple(arrival.sample(snapshot.pods, len(snapshot.pods)))
        if planning.plan(dataclasses.replace(snapshot, pods=pods), topology) != plan:
            order = ", ".join(pod.name for pod in pods)
            raise Violation(f"I7: another order of arrival, another plan: {order}")
    if any(block.code is Code.SAFETY for block in plan.blocked):
        raise Violation(f"the last door refuses what no rule should plan: {plan.blocked}")
    if plan.reached:
        return
    said = (*plan.waiting, *plan.blocked, *plan.steps, *plan.notes)
    if not said or not all((*(w.what for w in plan.waiting), *(s.until for s in plan.steps))):
        raise Violation(f"I8: neither done, nor doing, nor waiting: {plan}")
    if any(not block.why or not block.fix for block in plan.blocked):
        raise Violation(f"I8: blocked without a reason: {plan}")


def told_to_forget(plan: Plan) -> frozenset[str]:
    """Ids of nodes that a plan's words tell a person to let CLUSTER FORGET have."""
    said = str((plan.blocked, plan.waiting, plan.alarms, plan.notes))
    one = re.findall(r"CLUSTER FORGET (\w+)", said)
    several = re.findall(r"for id in ([\w ]+); do", said)
    return frozenset(one).union(*(ids.split() for ids in several))


def judge_advice(world: World, plan: Plan) -> None:
    """A pod's own node is never to be forgotten, whatever name gossip has for it."""
    living = {pod.server.node_id for pod in world.pods.values()}
    if told_to_forget(plan) & living:
        raise Violation(f"a person is told to forget a pod's own node: {plan}")


def _claim(world: World, action: actions.AddSlots, server: Server) -> None:
    wanted, target = bits.of(action.ranges), world.pod_of(server)
    if target is None or target.name != action.pod:
        raise Violation(f"I1: {action} reaches another node")
    if wanted != world.share(target.ordinal):
        raise Violation(f"I1: {action} is not what the layout gives")
    for ordinal in world.expected:
        seen = world.pods.get(ordinal)
        if seen is None or not seen.server.up or seen.server.loading:
            raise Violation(f"I1: {action} while redis-app-{ordinal} is not there")
    for pod in world.pods.values():
        other = pod.server
        owned = any(known.slots & wanted for known in other.table.values())
        if (owned or other.keys & wanted) and other is not server:
            raise Violation(f"I1: {action}, and {pod.name} may own it")
        if other.keys or other.me.slots not in (0, world.share(pod.ordinal)) or other.others:
            raise Violation(f"I2: {action}, while {pod.name} has data or a cluster")


def _epoch(world: World, action: actions.SetConfigEpoch, server: Server) -> None:
    """Two nodes with one epoch, or one that rises where nodes know each other, can take slots."""
    target = world.pod_of(server)
    if target is None or target.name != action.pod:
        raise Violation(f"I1: {action} reaches another node")
    if not server.alone:
        raise Violation(f"I1: {action}, and it knows others")
    for ordinal in world.expected:
        pod = world.pods.get(ordinal)
        if pod is not None and pod is not target and pod.server.me.epoch == action.epoch:
            raise Violation(f"I1: {action}, and {pod.name} has it already")


def _meet(world: World, action: actions.Meet, server: Server) -> None:
    other = world.anybody_at(action.address)
    if other is None or world.pod_of(server) is None:
        return
    one, two = cluster(world, server), cluster(world, other)
    mixed = world.pod_of(other) is None
    if mixed and (world.product.names or owns(world, two)):
        raise Violation(f"I5: {action} meets a stranger")
    if one == two or not owns(world, one) or not owns(world, two):
        return
    for node_id in one | two:
        pod = _pod_of_id(world, node_id)
        if pod is None or not _prepared(world, pod):
            raise Violation(f"I5: {action} joins two clusters")


def _replicate(world: World, action: actions.Replicate, server: Server) -> None:
    if server.me.primary_id is None and (server.me.slots or server.keys):
        raise Violation(f"I3: {action} of a primary with data")
    source = _pod_of_id(world, action.primary_id)
    if server.keys and source is not None and not source.server.keys:
        raise Violation(f"I3: {action} copies the emptiness of {source.name}")
    if any(one.node_id == action.primary_id for one in world.strangers):
        raise Violation(f"I5: {action} follows a stranger")


def _forget(world: World, action: actions.Forget, server: Server) -> None:
    if any(pod.server.node_id == action.node_id for pod in world.pods.values()):
        raise Violation(f"I3: {action}, and its volume is there")
    for pod in world.pods.values():
        known = pod.server.table.get(action.node_id)
        if known and known.slots and server.node_id in pod.server.table:
            raise Violation(f"I3: {action}, and {pod.name} says that it owns slots")
        if pod.server.me.primary_id == action.node_id:
            raise Violation(f"I3: {action}, and {pod.name} follows it")


def _config(world: World, action: actions.ConfigSet, server: Server) -> None:
    hurried = [
        (name, value)
        for name, value in action.settings
        if name not in LASTING and value != server.product.settings[name]
    ]
    if not hurried:
        return
    if dict(hurried).get("cluster-node-timeout", "499") not in DIPS:
        raise Violation(f"I9: {action}: not a mark that can be told again")
    for pod in world.pods.values():
        if pod.server.keys and pod.ordinal in world.expected:
            raise Violation(f"I9: {action} while {pod.name} is in use")


def _prepared(world: World, pod: Pod) -> bool:
    server = pod.server
    return not server.keys and server.me.slots == world.share(pod.ordinal)


def _pod_of_id(world: World, node_id: str) -> Pod | None:
    return next((pod for pod in world.pods.values() if pod.server.node_id == node_id), None)


def cluster(world: World, server: Server) -> frozenset[str]:
    """Ids of all who are connected by knowing one another, the dead and the down among them."""
    servers = {
        one.node_id: one for one in (*(p.server for p in world.pods.values()), *world.strangers)
    }
    links: dict[str, set[str]] = {}
    for one in servers.values():
        for other in one.others:
            links.setdefault(one.node_id, set()).add(other.node_id)
            links.setdefault(other.node_id, set()).add(one.node_id)
    found, todo = {server.node_id}, [server.node_id]
    while todo:
        new = links.get(todo.pop(), set()) - found
        found |= new
        todo += new
    return frozenset(found)


def owns(world: World, ids: frozenset[str]) -> bool:
    """Whether anybody in a cluster owns slots, or is said to."""
    everybody = (*(pod.server for pod in world.pods.values()), *world.strangers)
    return any(
        known.slots for one in everybody if one.node_id in ids for known in one.table.values()
    )
