"""The newest answer wins, however the answers come."""

from __future__ import annotations

from typing import Literal

import pytest

from bootstrap.dns import answers, questions, wire
from bootstrap.model import directory
from tests.discovery.support import SERVICE, address, pod, states

SERVER = "10.0.0.10:53"


def records(held: float, *numbers: int, owner: str = "", at: str = "") -> wire.Answer:
    """Return the records of some pods, or all their addresses under one owner."""
    return wire.Answer(
        outcome="records",
        addresses=tuple((owner or pod(one), at or address(one)) for one in numbers),
        targets=() if owner else tuple(pod(one) for one in numbers),
        held=held,
        held_at_first=held,
        nameserver=SERVER,
    )


def denial(outcome: Literal["no data", "NXDOMAIN"], held: float = 30) -> wire.Answer:
    return wire.Answer(outcome=outcome, held=held, held_at_first=held, nameserver=SERVER)


A = questions.Question(pod(0), "A")
SERVICE_A = questions.Question(SERVICE, "A")
SERVICE_SRV = questions.Question(SERVICE, "SRV")


@pytest.fixture
def known() -> answers.Findings:
    fresh = answers.Findings(SERVICE, ("A",))
    fresh.expect([pod(0), pod(1)])
    return fresh


def test_whoever_is_not_listed_any_more_is_absent(known: answers.Findings) -> None:
    known.learn(A, records(30, 0, owner=pod(0)), 0.0)
    known.learn(SERVICE_SRV, records(30, 1), 1.0)
    assert states(known.to_directory(), 2) == ["absent", "found"]
    assert known.of(pod(0)).reason == f"not listed by {SERVER}"
    # That list was older than this address.
    known.learn(A, records(30, 0, owner=pod(0)), 2.0)
    known.learn(SERVICE_SRV, records(28.9, 1), 2.0)
    assert states(known.to_directory(), 2) == ["found", "found"]


def test_a_missing_service_has_no_pods(known: answers.Findings) -> None:
    known.learn(SERVICE_SRV, records(30, 0, 1), 0.0)
    known.learn(SERVICE_A, denial("NXDOMAIN"), 1.0)
    assert states(known.to_directory(), 2) == ["absent", "absent"]


def test_no_srv_records_deny_nobody(known: answers.Findings) -> None:
    known.learn(A, records(30, 0, owner=pod(0)), 0.0)
    known.learn(SERVICE_A, records(30, 0, 2, owner=SERVICE), 1.0)
    for name in (SERVICE, pod(0)):
        known.learn(questions.Question(name, "SRV"), denial("no data"), 2.0)
    assert states(known.to_directory(), 2) == ["found", "unknown"]
    assert known.to_directory().nameless == (address(2),)


def test_a_fresh_denial_is_newer_than_a_remembered_address(known: answers.Findings) -> None:
    """Some caches remember addresses for 30 s and denials for 5 s."""
    known.learn(questions.Question(pod(1), "A"), records(30, 1, owner=pod(1)), 0.0)
    known.learn(A, denial("NXDOMAIN", 5), 10.0)
    known.learn(questions.Question(pod(0), "A", cd=True), records(16, 0, owner=pod(0)), 10.5)
    assert states(known.to_directory(), 1) == ["absent"]
    known.learn(questions.Question(pod(0), "A", do=True), records(30, 0, owner=pod(0)), 11.0)
    assert states(known.to_directory(), 1) == ["found"]


def test_a_newer_list_clears_the_nameless(known: answers.Findings) -> None:
    known.learn(SERVICE_A, records(30, 0, 1, 2, owner=SERVICE), 0.0)
    assert known.to_directory().nameless == tuple(map(address, range(3)))
    known.learn(SERVICE_SRV, records(30, 0, 1), 1.0)
    assert known.to_directory().nameless == ()
    known.learn(SERVICE_A, records(30, 0, 1, 2, owner=SERVICE), 2.0)
    assert known.to_directory().nameless == (address(2),)


def test_what_is_not_below_the_service_is_no_pod_of_it(known: answers.Findings) -> None:
    elsewhere = wire.Answer(
        outcome="records",
        addresses=(("other.example.", "127.9.9.9"), (pod(0), address(0))),
        targets=("other.example.", pod(0)),
        held=30,
        held_at_first=30,
        nameserver=SERVER,
    )
    known.learn(SERVICE_SRV, elsewhere, 0.0)
    assert [name for name, _ in known.to_directory().names] == [pod(0), pod(1)]


def test_a_listed_pod_without_address_is_not_denied(known: answers.Findings) -> None:
    bare = wire.Answer(
        outcome="records", targets=(pod(0),), held=30, held_at_first=30, nameserver=SERVER
    )
    known.learn(SERVICE_SRV, bare, 0.0)
    assert known.of(pod(0)) == directory.UNASKED
    assert known.of(pod(1)).state == "absent"


def test_trouble_with_the_service_is_trouble_for_the_wanted(known: answers.Findings) -> None:
    known.trouble(SERVICE_SRV, "no answer", [pod(1)])
    assert known.of(pod(0)).reason == "not asked for yet"
    assert known.of(pod(1)).reason == "no answer"


def test_only_a_question_about_the_name_itself_denies_it(known: answers.Findings) -> None:
    """A pod is missing in the list as long as it has no address, and then it is there again."""
    known.learn(SERVICE_SRV, records(30, 1), 0.0)
    assert not known.of(pod(0)).denied
    known.learn(A, denial("no data"), 1.0)
    assert not known.of(pod(0)).denied
    known.learn(SERVICE_A, denial("NXDOMAIN"), 2.0)
    assert not known.of(pod(0)).denied
    known.learn(A, denial("NXDOMAIN"), 3.0)
    assert known.of(pod(0)).denied
    known.learn(SERVICE_SRV, records(30, 1), 4.0)
    assert known.of(pod(0)).denied
    known.trouble(A, "SERVFAIL", [])
    assert not known.of(pod(0)).denied
    known.learn(SERVICE_SRV, records(30, 0, 1), 5.0)
    known.learn(SERVICE_SRV, records(30, 1), 6.0)
    assert states(known.to_directory(), 1) == ["absent"]
    assert not known.of(pod(0)).denied
