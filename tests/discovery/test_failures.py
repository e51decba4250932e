"""Absent is what an answer says; everything else is unknown, with a reason."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Literal

import pytest

from bootstrap.dns import answers, client, questions, wire
from bootstrap.model import directory
from tests.discovery.support import (
    LONGEST,
    SERVICE,
    TICK,
    Clock,
    Server,
    address,
    discover,
    found,
    keep_looking,
    looking_at,
    pod,
    publish,
    states,
    timed,
)
from tests.statefulset import addresses, misbehaviour

Bad = misbehaviour.Behaviour


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (Bad.SERVFAIL, "SERVFAIL from {}"),
        (Bad.REFUSE, "REFUSED from {}"),
        (Bad.DROP, "no answer from {} within 0.2 s"),
        (Bad.RANDOM_BYTES, "only a malformed answer from {} within 0.2 s"),
        (Bad.WRONG_QUESTION, "only an answer to another question from {} within 0.2 s"),
        (Bad.TRUNCATE_AND_NO_TCP, "no answer from {} within 0.2 s"),
    ],
)
def test_a_failure_is_unknown_and_says_who(
    serve: Server, clock: Clock, behaviour: Bad, reason: str
) -> None:
    names = serve()
    names.behave(behaviour)
    where = f"{names.address}:{names.port}"
    for _ in range(6):
        clock.now += 30 + 5 * 1.25  # Another turn.
        looking = discover(clock, names, timeout=0.2)
        known = asyncio.run(looking.ask([pod(0)]))
        assert known.of(pod(0)) == directory.Name(state="unknown", reason=reason.format(where))


def test_nobody_listening_is_unknown_at_once(block: addresses.Addresses, clock: Clock) -> None:
    where = (block.nameserver, 9)
    looking = discover(clock, nameservers=[where], timeout=20.0)
    began = time.monotonic()
    known = asyncio.run(looking.ask([pod(0)]))
    assert known.of(pod(0)) == directory.Name(
        state="unknown", reason=f"{where[0]}:9 cannot be reached: Connection refused"
    )
    assert time.monotonic() - began < 5


def test_no_name_server_is_unknown(clock: Clock) -> None:
    known = asyncio.run(discover(clock).ask([pod(0)]))
    assert known.of(pod(0)).reason == "no name server is configured"


def test_a_denial_is_absent_and_says_who(serve: Server, clock: Clock) -> None:
    names = serve()
    looking = discover(clock, names)
    known = asyncio.run(looking.ask([pod(0)]))
    where = f"{names.address}:{names.port}"
    assert known.of(pod(0)) == directory.Name(state="absent", reason=f"NXDOMAIN from {where}")


def test_a_failure_ends_absence_but_not_an_address(serve: Server, clock: Clock) -> None:
    names = serve()
    publish(names, 0)
    looking = discover(clock, names)
    wanted = [pod(0), pod(1)]
    asyncio.run(keep_looking(looking, clock, wanted, seconds=6))
    assert states(looking_at(looking), 2) == ["found", "absent"]
    names.behave(Bad.REFUSE)
    asyncio.run(keep_looking(looking, clock, wanted, seconds=2))
    assert states(looking_at(looking), 2) == ["found", "unknown"]
    names.behave(None)
    asyncio.run(keep_looking(looking, clock, wanted, seconds=2))
    assert states(looking_at(looking), 2) == ["found", "absent"]


@pytest.mark.parametrize("failing", ["A", "AAAA"])
@pytest.mark.parametrize("failure_first", [True, False])
def test_half_an_answer_does_not_deny(
    failing: questions.AddressType, *, failure_first: bool
) -> None:
    """With both families asked, a failing one beside an empty one leaves the pod unknown."""
    other: questions.AddressType = "AAAA" if failing == "A" else "A"
    known = answers.Findings(SERVICE, ("A", "AAAA"))
    known.expect([pod(0)])
    known.learn(questions.Question(pod(0), "SRV"), denial("NXDOMAIN"), 1.0)
    assert known.of(pod(0)).state == "absent"
    if failure_first:
        known.trouble(questions.Question(pod(0), failing), "no answer", [])
    known.learn(questions.Question(pod(0), other), denial("no data"), 2.0)
    if not failure_first:
        known.trouble(questions.Question(pod(0), failing), "no answer", [])
    assert known.of(pod(0)) == directory.Name(state="unknown", reason="no answer")


def denial(outcome: Literal["no data", "NXDOMAIN"]) -> wire.Answer:
    return wire.Answer(outcome=outcome, held=5, held_at_first=5, nameserver="10.0.0.10:53")


def test_a_lie_under_another_id_is_passed_over(serve: Server, clock: Clock) -> None:
    names = serve()
    publish(names, 0)
    names.behave(Bad.WRONG_ID)
    asyncio.run(keep_looking(discover(clock, names), clock, [pod(0)], until=found(0), seconds=6))
    looking = discover(clock, names)
    assert asyncio.run(looking.address_of(pod(0))).addresses == (address(0),)


def test_a_dead_first_name_server_costs_one_share_once(serve: Server, clock: Clock) -> None:
    silent, names = serve(), serve()
    silent.behave(Bad.DROP)
    publish(names, 0)
    looking = discover(clock, silent, names, timeout=2.0)
    first = asyncio.run(timed(looking.address_of(pod(0))))
    second = asyncio.run(timed(looking.address_of(pod(1))))
    assert looking_at(looking).of(pod(0)).addresses == (address(0),)
    assert states(looking_at(looking), 2) == ["found", "absent"]
    assert 1.0 <= first < 2.0
    assert second < 0.5
    assert len(silent.questions) == 2  # The same one, sent again.


def test_a_failing_first_name_server_costs_nothing(serve: Server, clock: Clock) -> None:
    failing, names = serve(), serve()
    failing.behave(Bad.SERVFAIL)
    publish(names, 0)
    looking = discover(clock, failing, names, timeout=20.0)
    assert asyncio.run(timed(looking.address_of(pod(0)))) < 5.0
    assert states(looking_at(looking), 1) == ["found"]


def test_all_name_servers_failing_are_all_named(serve: Server, clock: Clock) -> None:
    one, two = serve(), serve()
    one.behave(Bad.SERVFAIL)
    two.behave(Bad.DROP)
    looking = discover(clock, one, two, timeout=0.2)
    said = asyncio.run(looking.address_of(pod(0)))
    assert said.state == "unknown"
    assert f"SERVFAIL from {one.address}" in said.reason
    assert f"no answer from {two.address}" in said.reason


def test_many_names_and_a_silent_server_cost_one_time_out(serve: Server, clock: Clock) -> None:
    names = serve()
    names.behave(Bad.DROP)
    clock.now += LONGEST + TICK  # The pods' addresses have their turn.
    looking = discover(clock, names, timeout=2.0)
    wanted = [pod(number) for number in range(100)]
    assert asyncio.run(timed(looking.ask(wanted))) < 2 * 2.0
    asked = Counter(one.name for one in names.questions)
    assert asked.pop(SERVICE) == 2
    assert sorted(asked.values()) == [1] * client.AT_ONCE
    assert states(looking_at(looking), 100) == ["unknown"] * 100
    assert "no answer" in looking_at(looking).of(pod(99)).reason


@pytest.mark.parametrize("service_port", [6379, None])
def test_only_the_names_without_an_answer_are_unclear(
    serve: Server, clock: Clock, service_port: int | None
) -> None:
    """The list of all pods needs TCP, or says nothing; and some of sixty answers never come."""
    names = serve(service_port=service_port)
    publish(names, *range(60))
    names.behave(Bad.TRUNCATE_AND_NO_TCP, name=SERVICE)
    late = [7, 30, 31, 59]
    for number in late:
        names.behave(Bad.DROP, name=pod(number))
    looking = discover(clock, names, timeout=20.0)
    clock.now += LONGEST + TICK  # The pods' addresses have their turn.
    wanted = [pod(number) for number in range(60)]
    assert asyncio.run(timed(looking.ask(wanted))) < 20.0
    known = looking_at(looking)
    assert [one for one in range(60) if known.of(pod(one)).state != "found"] == late
    where = f"{names.address}:{names.port}"
    assert known.of(pod(7)) == directory.Name(
        state="unknown", reason=f"no answer from {where} when half of the others had theirs"
    )
