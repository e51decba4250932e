"""A server that answers its own sidecar, but no other pod: bound to loopback, or protected."""

from __future__ import annotations

from typing import Final

from bootstrap.model import listening
from bootstrap.model.snapshot import Trouble
from bootstrap.model.todo import Todo
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import commands, unreachable_looks
from bootstrap.plan.verdict import Alarm

_MEANS: Final = "no peer can see or copy it, and no client reaches it; its data are untouched"
_BIND: Final = (
    Todo(
        what="at which addresses does it listen?",
        command="{cli}{at} CONFIG GET bind",
        expect="expected: {address}, or * for all",
    ),
    Todo(what="take the line `bind` out of redis.conf, and restart the servers one by one"),
)
_PORT: Final = (
    Todo(
        what="at which port does it listen?",
        command="{cli}{at} CONFIG GET '*port'",
        expect="expected: port {port}, as BOOTSTRAP_REDIS_PORT says; with TLS: tls-port {port}",
    ),
    Todo(what="let the server listen at {port} again, by CONFIG SET and in redis.conf"),
)


def deaf(facts: Facts) -> list[Alarm]:
    """Return the alarm of our own pod. Only the sidecar in the same pod can see this fault."""
    me, found = facts.me, facts.me.deaf
    if found is None:
        return []
    where = f"{me.address}:{facts.topology.port}"
    if found.trouble is Trouble.PROTECTED:
        why = (
            f"{me.name}: protected-mode is on and the server's default user has no password, so it"
            f" turns every other pod away at {where}, before any user logs in; {_MEANS}"
        )
        return [_alarm(facts, why, unreachable_looks.PROTECTED)]
    bind = facts.my.setting("bind")
    port = facts.my.myself.port
    if port != facts.topology.port:
        why = (
            f"{me.name}: its server answers a connection of its own sidecar from before, and"
            f" takes no new one at {where} ({found.reason}): it listens at port {port}; {_MEANS}"
        )
        return [_alarm(facts, why, _PORT, f" -p {port}")]
    bound = f"it is bound to {bind} alone" if bind else "its bind is empty, which is no address"
    why = (
        f"{me.name}: its server answers its own sidecar, and takes no connection at {where}"
        f" ({found.reason}): {bound}; {_MEANS}"
    )
    if not bind:  # redis-cli cannot connect either
        return [_alarm(facts, why, _BIND[1:])]
    local = listening.covers(bind, "127.0.0.1")
    return [_alarm(facts, why, _BIND, "" if local else f" -h {bind.split()[0].lstrip('-')}")]


def _alarm(facts: Facts, why: str, fix: tuple[Todo, ...], at: str = "") -> Alarm:
    pod, topology = facts.me.name, facts.topology
    todos = tuple(
        commands.filled(one, topology, pod, address=facts.me.address or "", at=at) for one in fix
    )
    return Alarm(pod=pod, code=Code.NOT_REACHABLE, why=why, fix=todos, serves=False)
