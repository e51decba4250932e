"""Telling an answer from a failure, in messages that the test's server never sends."""

from __future__ import annotations

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from bootstrap.dns import questions, schedule, wire
from tests.discovery.support import SERVICE, address, pod

QUESTION = questions.Question(pod(0), "A")
SERVER = "10.0.0.10:53"


def message(rcode: str = "NOERROR", **sections: str) -> dns.message.Message:
    """Return an answer to QUESTION; each section is one record as in a zone file."""
    reply = dns.message.make_response(wire.query(QUESTION))
    reply.set_rcode(dns.rcode.from_text(rcode))
    for section, record in sections.items():
        owner, ttl, kind, data = record.split(maxsplit=3)
        getattr(reply, section).append(dns.rrset.from_text(owner, int(ttl), "IN", kind, data))
    return reply


def judge(reply: dns.message.Message) -> wire.Answer | wire.Failure:
    return wire.judge(QUESTION, reply, SERVER)


def soa(ttl: int, minimum: int) -> str:
    return f"cluster.local. {ttl} SOA ns.dns.cluster.local. who.cluster.local. 1 2 3 4 {minimum}"


def test_records_are_remembered_for_the_shortest_time() -> None:
    reply = message(answer=f"{pod(0).upper()} 30 A {address(0)}", additional="x. 7 A 127.9.9.9")
    assert judge(reply) == wire.Answer(
        outcome="records",
        addresses=((pod(0), address(0)), ("x.", "127.9.9.9")),
        held=7,
        held_at_first=7,
        nameserver=SERVER,
    )


@pytest.mark.parametrize(("rcode", "outcome"), [("NXDOMAIN", "NXDOMAIN"), ("NOERROR", "no data")])
@pytest.mark.parametrize(
    ("ttl", "minimum", "held"), [(30, 30, 30), (12, 30, 12), (3600, 30, 30), (0, 5, 0)]
)
def test_a_denial_is_remembered_for_the_lesser_time(
    rcode: str, outcome: str, ttl: int, minimum: int, held: int
) -> None:
    said = judge(message(rcode, authority=soa(ttl, minimum)))
    assert isinstance(said, wire.Answer)
    assert (said.outcome, said.held, said.held_at_first) == (outcome, held, minimum)


def test_a_denial_that_does_not_say_is_believed_to_last() -> None:
    said = judge(message("NXDOMAIN"))
    assert isinstance(said, wire.Answer)
    assert (said.held, said.held_at_first) == (schedule.HELD_AT_MOST, schedule.HELD_AT_MOST)


@pytest.mark.parametrize(
    ("reply", "reason", "held"),
    [
        (message("SERVFAIL"), "SERVFAIL", 5),
        (message("REFUSED"), "REFUSED", 0),
        (message("FORMERR"), "FORMERR", 0),
        (message(authority=f"{SERVICE} 30 NS ns."), "a referral to other name servers", 0),
        (message(answer=f"{pod(0)} 30 CNAME x."), "an answer without A", 0),
        (message(answer=f"{pod(1)} 30 A {address(1)}"), "an answer without A", 0),
    ],
)
def test_what_is_no_answer_is_a_failure(
    reply: dns.message.Message, reason: str, held: float
) -> None:
    assert judge(reply) == wire.Failure(reason=f"{reason} from {SERVER}", held=held)


def test_truncated_over_tcp_is_a_failure() -> None:
    reply = message(answer=f"{pod(0)} 30 A {address(0)}")
    reply.flags |= dns.flags.TC
    said = judge(reply)
    assert said == wire.Failure(reason=f"a truncated answer from {SERVER} even over TCP")
