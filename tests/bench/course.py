"""Follows slots on their way, by what the nodes say of their owners."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from tests.bench import stored
from tests.statefulset import pod as pods
from tests.statefulset import views

GIVE_UP: Final = 900.0
"""Seconds after which a move counts as never ended."""
SHARDS: Final = 4
"""Owners of slots in the end."""
EVERY: Final = 0.02
"""Seconds between two looks."""


@dataclasses.dataclass(kw_only=True)
class Course:
    """What was seen. Moments are monotonic seconds."""

    hand_offs: list[float] = dataclasses.field(default_factory=list)
    """When slots were seen to have come."""
    changes: int = 0
    """How often a slot had changed its owner."""
    ended: float | None = None
    """When all nodes agreed that all own slots evenly; None: never."""


def follow(some: Sequence[pods.Pod], target: pods.Pod, failed: Callable[[], str]) -> Course:
    """Look at the target until it has its share, and then at all nodes until they agree.

    Give up after a long time, or once `failed` tells why more is not to come.
    """
    seen = Course()
    deadline = time.monotonic() + GIVE_UP
    with contextlib.ExitStack() as stack:
        asked = {one: stack.enter_context(one.client(socket_timeout=20.0)) for one in some}

        def nodes(one: pods.Pod) -> str:
            return str(asked[one].execute_command("CLUSTER", "NODES"))

        before = stored.owners(nodes(target))
        while time.monotonic() < deadline and not failed():
            started = time.monotonic()
            owner = stored.owners(nodes(target))
            if owner != before:
                seen.hand_offs.append(started)
                seen.changes += sum(a != b for a, b in zip(before, owner, strict=True))
                before = owner
            if even(owner) and all(
                stored.owners(text) == owner and not is_open(text) for text in map(nodes, some)
            ):
                seen.ended = time.monotonic()
                break
            time.sleep(max(0.0, started + EVERY - time.monotonic()))
    return seen


def even(owner: Sequence[str]) -> bool:
    """Whether four nodes own all slots, each as many as any other, or one more or less."""
    counts = Counter(owner)
    return len(counts) == SHARDS and all(
        abs(count - views.SLOTS / SHARDS) <= 1 for count in counts.values()
    )


def is_open(nodes: str) -> bool:
    """Whether a node says that slots of its own are open to be moved key by key."""
    return any(line.moving for line in map(views.parse_line, nodes.splitlines()))
