"""The ways in which a name server can fail to answer properly."""

from __future__ import annotations

import enum
import random
from typing import Final

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rrset


class Behaviour(enum.Enum):
    """What is done with a question instead of answering it properly."""

    SERVFAIL = "servfail"
    REFUSE = "refuse"
    DROP = "drop"
    RANDOM_BYTES = "random bytes"
    WRONG_ID = "wrong id"
    """NXDOMAIN under an id that was not asked; the proper answer follows."""
    WRONG_QUESTION = "wrong question"
    """NXDOMAIN to another question, under the right id."""
    TRUNCATE = "truncate"
    """UDP answers are empty and say that there is more; TCP is as usual."""
    TRUNCATE_AND_NO_TCP = "truncate and no tcp"


INSTEAD: Final = frozenset(
    {Behaviour.SERVFAIL, Behaviour.REFUSE, Behaviour.DROP, Behaviour.RANDOM_BYTES}
)
"""Those for which the answer is not even looked for, and so leaves no trace in a cache."""


def render(
    behaviour: Behaviour | None, response: dns.message.Message, transport: str, limit: int
) -> list[bytes]:
    """Return the messages to send; None: the response, cut to `limit` bytes where it must be."""
    match behaviour:
        case Behaviour.SERVFAIL:
            response.set_rcode(dns.rcode.SERVFAIL)
        case Behaviour.REFUSE:
            response.set_rcode(dns.rcode.REFUSED)
        case Behaviour.DROP:
            return []
        case Behaviour.RANDOM_BYTES:
            return [random.randbytes(40)]
        case Behaviour.WRONG_ID:
            lie = dns.message.from_wire(_wire(response, limit))
            lie.id ^= 0x5555
            _empty(lie, dns.rcode.NXDOMAIN)
            return [lie.to_wire(), _wire(response, limit)]
        case Behaviour.WRONG_QUESTION:
            response.question = [dns.rrset.from_text("elsewhere.example.", 0, "IN", "A")]
            _empty(response, dns.rcode.NXDOMAIN)
        case Behaviour.TRUNCATE | Behaviour.TRUNCATE_AND_NO_TCP if transport == "udp":
            _empty(response, dns.rcode.NOERROR)
            response.flags |= dns.flags.TC
        case Behaviour.TRUNCATE_AND_NO_TCP:
            return []
        case Behaviour.TRUNCATE | None:
            pass
    return [_wire(response, limit)]


def _empty(response: dns.message.Message, rcode: dns.rcode.Rcode) -> None:
    response.answer, response.authority, response.additional = [], [], []
    response.set_rcode(rcode)


def _wire(response: dns.message.Message, limit: int) -> bytes:
    try:
        return response.to_wire(max_size=limit)
    except dns.exception.TooBig:
        # dnspython keeps quiet about additional records that it left out, CoreDNS does not.
        cut = dns.message.from_wire(response.to_wire(max_size=limit, prefer_truncation=True))
        cut.flags |= dns.flags.TC
        return cut.to_wire(max_size=limit)
