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
        *(_on(node_of(pod), tuple(some)) for pod, some in by_pod.items())
    )
    return tuple(outcome for some in outcomes for outcome in some)


async def _on(where: node.Node | None, some: tuple[actions.Action, ...]) -> tuple[Outcome, ...]:
    if where is None:
        return tuple(
            Outcome(action=action, refused="its node is gone", answered=False) for action in some
        )
    replies = await where.do(some)
    return tuple(
        Outcome(action=action, refused=None)
        if reply is None
        else Outcome(
            action=action,
            refused=reply.reason,
            answered=reply.by_server,
            forbidden=reply.forbidden,
        )
        for action, reply in zip(some, replies, strict=True)
    )
