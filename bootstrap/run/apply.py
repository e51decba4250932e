"""Carries out the actions of one step; a refusal is a value, and the next look decides anew."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from bootstrap.model import actions
from bootstrap.redis import node


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one action; `refused` is None when the server said OK."""

    action: actions.Action
    refused: str | None
    #: Whether the server itself answered, and whether it said that our user may not do this.
    answered: bool = True
    forbidden: bool = False


async def apply(
    wanted: tuple[actions.Action, ...], node_of: Callable[[str], node.Node | None]
) -> tuple[Outcome, ...]:
    """Send each node its actions in one pipeline, all nodes at once."""
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
