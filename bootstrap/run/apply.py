"""Sends the actions of one step. A refusal becomes a value, and the next look decides anew."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from bootstrap.model import actions
from bootstrap.redis import node


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of one action."""

    action: actions.Action
    pod: str
    """The pod whose server was asked last."""
    refused: str | None
    """Why it was not accepted; None if the server said OK."""
    answered: bool = True
    """Whether the server itself answered."""
    forbidden: bool = False
    """Whether the server said that our user lacks the right."""


async def apply(
    wanted: tuple[actions.Action, ...], node_of: Callable[[str], node.Node | None]
) -> tuple[Outcome, ...]:
    """Send each node its actions in one pipeline, to all nodes at once.

    `node_of` returns the node in a pod; None if no node is known there.
    """
    by_pod: dict[str, list[actions.Action]] = defaultdict(list)
    for action in wanted:
        by_pod[action.pod].append(action)
    outcomes = await asyncio.gather(
        *(_on(pod, tuple(some), node_of) for pod, some in by_pod.items())
    )
    return tuple(outcome for some in outcomes for outcome in some)


async def _on(
    pod: str, some: tuple[actions.Action, ...], node_of: Callable[[str], node.Node | None]
) -> tuple[Outcome, ...]:
    where = node_of(pod)
    if where is None:
        return tuple(_outcome(pod, action, _GONE) for action in some)
    functions = b""
    for source in (one.source for one in some if isinstance(one, actions.RestoreFunctions)):
        giver = node_of(source)
        given = await giver.functions() if giver else _GONE
        if isinstance(given, node.Refused):
            return tuple(_outcome(source, action, given) for action in some)
        functions = given
    replies = await where.do(some, functions=functions)
    return tuple(_outcome(pod, action, reply) for action, reply in zip(some, replies, strict=True))


_GONE = node.Refused(reason="its node is gone")


def _outcome(pod: str, action: actions.Action, reply: node.Refused | None) -> Outcome:
    if reply is None:
        return Outcome(action=action, pod=pod, refused=None)
    return Outcome(
        action=action,
        pod=pod,
        refused=reply.reason,
        answered=reply.by_server,
        forbidden=reply.forbidden,
    )
