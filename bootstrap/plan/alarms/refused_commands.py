"""Commands of ours that servers refuse, so that the plan cannot go on.

One refusal, as of a node that is not known yet, is no fault: the command is sent again. It is a
fault if our user lacks the right, which no time changes, and if the refusals last.
"""

from __future__ import annotations

from typing import Final

from bootstrap.model import acl
from bootstrap.model.migration import Way
from bootstrap.model.snapshot import Trouble
from bootstrap.model.todo import Todo
from bootstrap.plan.codes import Code
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import advice, commands, unreachable
from bootstrap.plan.messages.down import listed
from bootstrap.plan.verdict import Alarm

LASTING_SECONDS: Final = 40.0
"""Seconds for which a server has to refuse before the alarm. Gossip, handshakes and elections take
less (see `messages.durations`)."""


def refused(facts: Facts) -> list[Alarm]:
    """Return one alarm for each kind of command and reason, with all pods whose servers refuse."""
    groups: dict[tuple[str, str, bool], list[str]] = {}
    for one in facts.snapshot.timers.refused:
        if one.forbidden or one.seconds >= LASTING_SECONDS:
            groups.setdefault((one.kind, one.reason, one.forbidden), []).append(one.pod)
    return [_alarm(facts, *key, pods) for key, pods in sorted(groups.items())]


def _alarm(facts: Facts, kind: str, reason: str, forbidden: bool, pods: list[str]) -> Alarm:
    servers = "the server of" if len(pods) == 1 else "the servers of"
    why = (
        f"{servers} {listed(pods)} {'refuses' if len(pods) == 1 else 'refuse'} {kind}, which is"
        f" tried at each look: {reason}; until that is mended the next step does not come about,"
        " and no data are changed"
    )
    fix = _granted(facts, pods) if forbidden else _asked(facts, kind, pods)
    return Alarm(pod=facts.me.name, code=Code.COMMAND_REFUSED, why=why, fix=fix)


def _granted(facts: Facts, pods: list[str]) -> tuple[Todo, ...]:
    """Return what grants the rights, on each server: servers do not share their users."""
    first, *others = pods
    fix = (*unreachable.fix(facts, first, Trouble.PERMISSION), *_for_moving(facts, first))
    return fix if not others else (*fix, Todo(what=f"the same on {', '.join(others)}"))


def _for_moving(facts: Facts, pod: str) -> tuple[Todo, ...]:
    """Return what grants the rights for moving slots, if a number of shards is wished."""
    view = facts.views.get(pod)
    if not facts.topology.wishing or view is None or view.way is None:
        return ()
    rights = (*acl.PUSH, *acl.PUSHED) if view.way is Way.PUSH else acl.PULL
    todo = Todo(
        what="a number of shards is wished: grant the user {user} what moving slots takes, too",
        command="kubectl exec{n} -it {pod} -c redis -- redis-cli --askpass ACL SETUSER {user}"
        f" {acl.typed(rights)}",
    )
    return (commands.filled(todo, facts.topology, pod),)


def _asked(facts: Facts, kind: str, pods: list[str]) -> tuple[Todo, ...]:
    return (
        advice.nodes(
            facts.topology,
            pods[0],
            f"why does the server refuse {kind}? Which nodes does it know, in which state?",
            "compare it with what the server said",
        ),
        *advice.sidecar(facts.topology, pods[0]),
    )
