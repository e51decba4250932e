"""Whether all nodes show the same wish. Else no slot moves.

Each sidecar reads the wish for itself, at its own time: during a rolling update, or while the
kubelets renew the file one after the other, sidecars wish for different numbers. Each would move
slots towards its own. So a sidecar moves slots only while all nodes show the same wish as its own
node. No leader, clock or lease is needed for that.

Servers before redis 7.2 have no name to show a wish in, and move no slots by themselves. There a
wish is never agreed on.

A node that has failed moves nothing, and shows nothing. When it is back its sidecar writes its wish
anew, and until then all wait.
"""

from __future__ import annotations

from dataclasses import dataclass

from bootstrap.model import human_name, slots
from bootstrap.model.view import Member
from bootstrap.model.wish import Wish
from bootstrap.plan.facts import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """The wish that all nodes show, or who shows what."""

    wish: Wish | None
    """None while not all nodes show the same."""
    why: str = ""
    """Which pods show which wish; empty if all show the same."""


def agreement(facts: Facts) -> Agreement | None:
    """Return what all nodes wish; None if our own sidecar wishes for nothing, or cannot show it.

    It takes a look at all pods.
    """
    mine = facts.snapshot.wished.wish
    if mine is None or facts.my.setting(human_name.SETTING) is None:
        return None
    shown: dict[str, list[str]] = {}
    for member in facts.living:
        shown.setdefault(_shown(facts, member), []).append(facts.pod_name(member.node_id))
    if shown.keys() == {_text(mine)}:
        return Agreement(wish=mine)
    told = [f"{slots.few(sorted(pods))}: {text}" for text, pods in sorted(shown.items())]
    return Agreement(wish=None, why="; ".join(told))


def _shown(facts: Facts, member: Member) -> str:
    """Return what a node shows, in words."""
    pod = facts.pod_by_id.get(member.node_id)
    if pod is None or pod.view is None:
        return "not seen"
    wish = human_name.wish_of(pod.view)
    return _text(wish) if wish else "no wish"


def _text(wish: Wish) -> str:
    return "no move" if wish.shards is None else slots.many(wish.shards, "shard")
