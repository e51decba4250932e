"""A replica without a link to its primary, and the reason.

Only the sidecar in the replica's own pod can try the primary's port. Other pods see only that there
is no link.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bootstrap.model import bus
from bootstrap.model.primary_answer import LASTING_SECONDS, PrimaryAnswer, Refusal
from bootstrap.model.snapshot import Pod
from bootstrap.model.todo import Todo
from bootstrap.model.view import Member, View
from bootstrap.plan import replication
from bootstrap.plan.alarms import refusal_causes
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import commands, durations
from bootstrap.plan.verdict import Alarm, Wait

_ABSENCE: Final = frozenset({Refusal.CLOSED, Refusal.SILENT})
"""Refusals that also occur if the primary is down. Then that is reported, and not the refusal."""


def turned_away(facts: Facts) -> list[Alarm]:
    """Return one alarm at most: why the primary refuses our replica, if the link stays down."""
    found, my = facts.snapshot.primary_answer, facts.my
    primary = my.member(my.myself.primary_id)
    if found is None or primary is None or my.link_up or not _lasting(facts, facts.me):
        return []
    refusal = found.refused
    if refusal is None or found.address != my.primary_host or replication.wrong_primary(my):
        return []
    if replication.blocked(facts):
        return []  # it has no password on purpose
    if refusal in _ABSENCE and not bus.connected(my, primary):
        return []
    me, there = facts.me.name, facts.pod_name(primary.node_id)
    said = found.said or f"it has refused PSYNC {found.copies_refused} times in a few seconds"
    cause = refusal_causes.CAUSES[refusal].format(pod=me, primary=there)
    why = (
        f"{me} has no link to its primary {there} at {found.address}:{found.port}:"
        f" {cause} ({said}); what {me} holds lacks"
        f" the newest writes, and should {there} fail, they are lost"
    )
    fix = tuple(_filled(facts, one, there, found) for one in refusal_causes.LOOKS[refusal])
    return [Alarm(pod=me, code=Code.REPLICA_REFUSED, why=why, fix=fix, serves=False)]


def unlinked(facts: Facts, some: Iterable[tuple[Pod, View]]) -> tuple[Wait, ...]:
    """Return waits for the replicas without a link for long. Their own sidecars know the reason."""
    return tuple(
        Wait(
            pod=pod.name,
            what=f"a link to its primary {facts.pod_name(primary.node_id)} at"
            f" {view.primary_host}:{view.primary_port}",
            fix=ask_its_sidecar(facts, pod.name),
            usual=durations.COPIED,
        )
        for pod, view in some
        if (primary := _without_link(view)) is not None and _lasting(facts, pod)
    )


def ask_its_sidecar(facts: Facts, pod: str) -> tuple[Todo, ...]:
    """Return the look at the replica's own sidecar, which knows the cause."""
    return (
        Todo(
            what=f"if it lasts: why has {pod} no link? Its own sidecar tries its primary's port",
            command=f"{commands.in_sidecar(facts.topology, pod)} python -m bootstrap status",
            expect="TROUBLE replica-refused names the cause; else it copies its primary's data",
        ),
    )


def _without_link(view: View) -> Member | None:
    """Return the primary of a replica without a link; else None."""
    if view.link_up or not view.myself.is_replica:
        return None
    return view.member(view.myself.primary_id)


def _lasting(facts: Facts, pod: Pod) -> bool:
    """Whether the link is down longer than a copy takes to begin, or a single look cannot tell."""
    seconds = facts.snapshot.timers.unlinked_for(pod.name)
    return seconds is None or seconds >= LASTING_SECONDS


def _which_differs(facts: Facts, primary: str) -> dict[str, str]:
    """Say whether the replica or the primary has the wrong password, by what the sidecar has."""
    me = facts.me.name
    if facts.topology.with_password:
        return {
            "others": f"The sidecar of {me} has one, so it is {primary} that differs",
            "mend": f"give {primary} the password of the others, by requirepass in its redis.conf,"
            " and restart it",
            "mend_cli": "",
        }
    return {
        "others": f"The sidecar of {me} has none either, so it is the masterauth of {me} that"
        " differs",
        "mend": f"take masterauth from {me}",
        "mend_cli": f"{commands.ask(facts.topology, me)} CONFIG SET masterauth ''",
    }


def _filled(facts: Facts, todo: Todo, primary: str, found: PrimaryAnswer) -> Todo:
    """Fill in the primary's pod, the command to its server, and the address that was tried."""
    cli = commands.ask(facts.topology, primary)
    filled = {"primary_cli": cli, "primary": primary, "address": found.address}
    filled |= _which_differs(facts, primary)
    return commands.filled(todo, facts.topology, facts.me.name, **filled)
