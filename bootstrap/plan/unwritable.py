"""Takes commands out of a plan that would end a server, since it cannot write its nodes.conf.

Redis and valkey save nodes.conf after every command that changes what they know of the cluster, and
end themselves if they cannot (`clusterSaveConfigOrDie` in cluster_legacy.c). So every plan passes
here, whichever rule made it, and the hand-over's steps too.
"""

from __future__ import annotations

import dataclasses
from typing import Final

from bootstrap.model import fast_form
from bootstrap.model.actions import (
    Action,
    ConfigSet,
    Meet,
    ReloadCertificates,
    RestoreFunctions,
    SetPeersPassword,
)
from bootstrap.model.snapshot import Disk, Pod
from bootstrap.model.todo import Todo
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import commands
from bootstrap.plan.verdict import Phase, Plan, Step, Wait

ROOM: Final = 64 * 1024
"""Bytes that a volume must have left for another nodes.conf, which is written beside the old one.
For 240 nodes it takes about 45 KiB, at less than 190 bytes a line."""
_UNSAVED: Final = frozenset(
    {
        fast_form.NODE_TIMEOUT,
        fast_form.PING_INTERVAL,
        fast_form.SYNC_DELAY,
        fast_form.SYNC_REPLICAS,
        fast_form.LOAD,
    }
)
"""Settings that a server keeps in memory only. All others may be saved to nodes.conf."""


def guarded(facts: Facts, plan: Plan) -> Plan:
    """The plan without the commands that would end a server, and with a wait for each such server.

    Behind a step with such a command, only steps are kept that put settings of our own node right.
    """
    kept: list[Step] = []
    unable: dict[str, str] = {}
    for step in plan.steps:
        found = _ended(facts, step)
        if not (unable or found) or (_only_own_memory(facts, step) and not found):
            kept.append(step)
        elif not unable and plan.phase is not Phase.FORM and (left := trimmed(facts, step)).actions:
            kept.append(left)  # no part of a step of forming: what cannot be finished is not begun
        unable |= found
    if not unable:
        return plan
    waits = tuple(_wait(facts, pod, why) for pod, why in sorted(unable.items()))
    phase = Phase.WAITING if plan.phase in {Phase.STEADY, Phase.HEAL} and not kept else plan.phase
    return dataclasses.replace(
        plan, phase=phase, steps=tuple(kept), waiting=(*plan.waiting, *waits)
    )


def trimmed(facts: Facts, step: Step) -> Step:
    """A step without the actions that would end a server."""
    actions = tuple(one for one in step.actions if not _ends(facts, one))
    return dataclasses.replace(step, actions=actions)


def cannot_save(facts: Facts, pod: Pod) -> str:
    """Why a pod's server cannot write its nodes.conf; empty if it can, as far as was seen."""
    writing = pod.view.writing if pod.view else None
    disk = facts.snapshot.disk if pod.name == facts.topology.name else None
    if writing is not None and writing.aof_failed:
        return "its append-only file could not be written"
    if disk is not None and disk.free is not None:
        return full(disk)
    if writing is not None and writing.rdb_failed:
        return "its last snapshot could not be written"
    return ""


def full(disk: Disk) -> str:
    """Why a volume's file system takes no further file; empty if it does."""
    if disk.read_only:
        return "the file system of its volume is read-only"
    if not disk.files:
        return "its volume has no inode left"
    if disk.free is not None and disk.free < ROOM:
        return f"its volume has {disk.free // 1024} KiB left"
    return ""


def _ended(facts: Facts, step: Step) -> dict[str, str]:
    """The pods whose server the step would end, and why each cannot save."""
    return {pod: why for one in step.actions for pod, why in _ends(facts, one).items()}


def _ends(facts: Facts, action: Action) -> dict[str, str]:
    """The pods whose server the action would end."""
    pods = (facts.snapshot.pod(name) for name in _saves(action))
    return {pod.name: why for pod in pods if pod and (why := cannot_save(facts, pod))}


def _saves(action: Action) -> tuple[str, ...]:
    """The pods whose servers save nodes.conf at once because of an action."""
    match action:
        case ConfigSet() if all(name in _UNSAVED for name, _ in action.settings):
            return ()
        case SetPeersPassword() | ReloadCertificates() | RestoreFunctions():
            return ()
        case Meet():
            return (action.pod, action.peer)
        case _:
            return (action.pod,)


def _only_own_memory(facts: Facts, step: Step) -> bool:
    """Whether a step only changes settings of our own node that it keeps in memory."""
    return bool(step.actions) and all(
        one.pod == facts.me.name and not _saves(one) for one in step.actions
    )


def _wait(facts: Facts, pod: str, why: str) -> Wait:
    """The wait for a server that would end with the next command."""
    what = (
        f"a nodes.conf that can be written: {why}, and the server would end with the next command"
        " that changes it"
    )
    return Wait(pod=pod, what=what, fix=room(facts, pod))


def room(facts: Facts, pod: str) -> tuple[Todo, ...]:
    """Looks at how full a pod's volume is, and makes room."""
    name, space = facts.topology, commands.namespace(facts.topology)
    return (
        Todo(
            what="how full is its volume, and is it writable?",
            command=f"kubectl exec{space} {pod} -c redis -- df -h /data",
            expect="with the path that the server's dir has; df -i shows the inodes",
        ),
        Todo(
            what="what does the server say of it?",
            command=f"{commands.ask(name, pod)} INFO persistence",
            expect="rdb_last_bgsave_status and aof_last_write_status are ok where it can write",
        ),
        Todo(
            what="only where df shows no room: grow the volume, where its StorageClass allows that",
            command=f"kubectl edit{space} pvc $(kubectl get pod{space} {pod}"
            " -o jsonpath='{.spec.volumes[*].persistentVolumeClaim.claimName}')",
            expect="raise .spec.resources.requests.storage; do not restart the pod before it has"
            " room: a server that cannot write nodes.conf does not come up",
        ),
    )
