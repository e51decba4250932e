"""The very first look at the other pods, by the least that it takes: are all servers down.

At a first start all pods begin together and share processors, and Redis waits for the start gate.
What speaks with servers takes longest to load, and no server is up yet: a name
is asked for once, and a port is tried. Where more is to be known the loop looks as it always does,
and goes on with what was learned of DNS here.
"""

from __future__ import annotations

import dataclasses
import select
import socket
import time
from typing import Final

from bootstrap.dns import answers, schedule, wire
from bootstrap.model import directory
from bootstrap.model.snapshot import Pod
from bootstrap.model.topology import Topology
from bootstrap.redis import login

_SECONDS: Final = 0.3
"""For all of it. A name server of the cluster answers within milliseconds; for a slower one
the loop waits, while the rest is loaded."""
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
    return Asked(pace=pace, findings=known, questions=len(taken))


def others(topology: Topology, known: answers.Findings) -> tuple[Pod, ...] | None:
    """The other pods, if none of their servers listens; None where that is not known of each."""
    found: list[Pod] = []
    ends = time.monotonic() + _SECONDS
    said = known.to_directory()
    for ordinal in topology.ordinals:
        hostname = topology.hostname_of(ordinal)
        name = said.of(hostname)
        if ordinal == topology.ordinal:
            continue
        if name.state == "unknown" or len(name.addresses) > 1:
            return None
        if name.addresses and not _closed(name.addresses[0], topology.port, ends):
            return None
        found.append(_down(topology, ordinal, name))
    return tuple(found)


def _down(topology: Topology, ordinal: int, name: directory.Name) -> Pod:
    """A pod that has no name yet, or whose server refuses connections."""
    return Pod(
        name=topology.name_of(ordinal),
        ordinal=ordinal,
        hostname=topology.hostname_of(ordinal),
        resolved=name,
        address=name.addresses[0] if name.addresses else None,
        node=login.refused() if name.addresses else None,
    )


def _closed(address: str, port: int, ends: float) -> bool:
    """Whether the port refuses connections at once."""
    left = ends - time.monotonic()
    if left <= 0:
        return False
    try:
        socket.create_connection((address, port), timeout=left).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False


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
