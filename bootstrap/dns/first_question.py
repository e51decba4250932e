"""The first questions of a sidecar that has just started, asked without an event loop.

Pods that start together share processors, and each server waits for its start gate. To load
`dns.client` takes longer than these questions. It continues later with what was learned here.
"""

from __future__ import annotations

import dataclasses
import select
import socket
import time
from typing import Final

from bootstrap.dns import answers, questions, schedule, wire

_SECONDS: Final = 0.3
"""Seconds for all questions together. A name server in the cluster answers within milliseconds. If
it is slower, the loop asks again, and the remaining modules load meanwhile."""
_LARGEST: Final = 65535
"""The most bytes of a UDP packet."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The questions asked and what was learned; `dns.client` takes over both."""

    pace: schedule.Pace
    """Which answers caches may hold now; not to be used after it was taken over."""
    answers: answers.Findings
    questions: int
    """The number of questions sent."""


def asked(
    service: str,
    types: tuple[questions.AddressType, ...],
    nameserver: tuple[str, int],
    names: set[str],
) -> Asked:
    """Ask one name server over UDP what is due about these absolute names. Never raises.

    `service` is absolute, and `nameserver` is (address, port).
    """
    pace = schedule.Pace(service, types, clock=time.monotonic, wall=time.time)
    known = answers.Findings(service, types)
    known.expect(names)
    taken = pace.take(names)
    if taken and all(one.name == service and one.type != "SRV" for one in taken):
        # This is the turn of the service's addresses, which name no pod: ask for the list too.
        taken += [one for one in [pace.listing(taken)] if one]
    replies = _replies(taken, nameserver)
    for question in taken:
        reply = replies.get(question)
        if isinstance(reply, wire.Answer):
            pace.answered(question, held=reply.held, at_first=reply.held_at_first)
            known.learn(question, reply, time.monotonic())
        else:
            pace.failed(question, held=reply.held if reply else 0.0)
    return Asked(pace=pace, answers=known, questions=len(taken))


def _replies(
    taken: list[questions.Question], nameserver: tuple[str, int]
) -> dict[questions.Question, wire.Answer | wire.Failure]:
    """The answers that came in time, by question. Each question has its own socket."""
    waiting: dict[socket.socket, tuple[questions.Question, wire.Message]] = {}
    replies: dict[questions.Question, wire.Answer | wire.Failure] = {}
    try:
        for question in taken:
            query = wire.query(question)
            one = _connected(nameserver)
            waiting[one] = question, query
            one.send(query.to_wire())
        ends = time.monotonic() + _SECONDS
        while len(replies) < len(waiting):
            left = [one for one, (question, _) in waiting.items() if question not in replies]
            ready = select.select(left, [], [], max(0.0, ends - time.monotonic()))[0]
            if not ready:
                break
            for one in ready:
                question, asking = waiting[one]
                message = wire.read(one.recv(_LARGEST))
                if asking.is_response(message):
                    replies[question] = wire.judge(question, message, wire.where(*nameserver))
    except (OSError, wire.Error):
        pass  # the loop asks again, and reports the error
    finally:
        for one in waiting:
            one.close()
    return replies


def _connected(nameserver: tuple[str, int]) -> socket.socket:
    """A socket that receives packets from this name server only."""
    family = socket.AF_INET6 if ":" in nameserver[0] else socket.AF_INET
    made = socket.socket(family, socket.SOCK_DGRAM)
    try:
        made.settimeout(0)
        made.connect(nameserver)
    except OSError:
        made.close()
        raise
    return made
