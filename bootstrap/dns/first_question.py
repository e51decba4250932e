"""The first questions of a sidecar that has just started, asked without an event loop.

Pods that start together share processors, and a server waits for the start gate. `dns.client` takes
longer to load than these questions take. It goes on with what was learned here.
"""

from __future__ import annotations

import dataclasses
import select
import socket
import time
from typing import Final

from bootstrap.dns import answers, schedule, wire

_SECONDS: Final = 0.3
"""For all questions together. A name server of the cluster answers within milliseconds. For a
slower one the loop waits, while the rest is loaded."""
_LARGEST: Final = 65535
"""Bytes of a UDP packet, at most."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What DNS was asked and said, to go on with: only one of all that ask may ask anew."""

    pace: schedule.Pace
    answers: answers.Findings
    questions: int


def asked(
    service: str,
    types: tuple[schedule.AddressType, ...],
    nameserver: tuple[str, int],
    names: set[str],
) -> Asked:
    """Ask for these absolute names what is due, of one name server, over UDP; never raises."""
    pace = schedule.Pace(service, types, clock=time.monotonic, wall=time.time)
    known = answers.Findings(service, types)
    known.expect(names)
    taken = pace.take(names)
    if taken and all(one.name == service and one.type != "SRV" for one in taken):
        # It is the turn of the service's addresses, which name no pod.
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
    taken: list[schedule.Question], nameserver: tuple[str, int]
) -> dict[schedule.Question, wire.Answer | wire.Failure]:
    """What the name server answers in time, by question; each has a socket of its own."""
    waiting: dict[socket.socket, tuple[schedule.Question, wire.Message]] = {}
    replies: dict[schedule.Question, wire.Answer | wire.Failure] = {}
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
        pass  # The loop asks again, and says what is wrong.
    finally:
        for one in waiting:
            one.close()
    return replies


def _connected(nameserver: tuple[str, int]) -> socket.socket:
    """A socket that hears this name server alone."""
    family = socket.AF_INET6 if ":" in nameserver[0] else socket.AF_INET
    made = socket.socket(family, socket.SOCK_DGRAM)
    try:
        made.settimeout(0)
        made.connect(nameserver)
    except OSError:
        made.close()
        raise
    return made
