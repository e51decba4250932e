"""What the answer about the Service's own name shows where no pod has a name under it."""

from __future__ import annotations

import dataclasses

import pytest

from bootstrap.model.directory import Name
from bootstrap.model.snapshot import Snapshot
from bootstrap.plan.facts import Facts
from bootstrap.plan.messages import dns_names, service
from bootstrap.plan.messages.service import Fault
from tests.core import build

ABSENT = Name(state="absent", reason="NXDOMAIN from 10.96.0.10:53")
UNKNOWN = Name(state="unknown", reason="SERVFAIL from 10.96.0.10:53")
OURS, ONE, OTHER = build.address(0), "10.96.4.7", "10.0.0.77"


def found(*addresses: str) -> Name:
    return Name(state="found", addresses=addresses)


def facts(said: Name | None, *, others: Name = ABSENT, address: str | None = OURS) -> Facts:
    pods = [build.own(0), *(build.pod(ordinal, resolved=others) for ordinal in (1, 2))]
    snapshot: Snapshot = dataclasses.replace(build.snapshot(*pods), service=said)
    return Facts(snapshot, dataclasses.replace(build.topology(0, 3), address=address))


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (None, None),
        (UNKNOWN, None),
        (ABSENT, Fault.ABSENT),
        (found(ONE), Fault.CLUSTER_IP),
        (found(OURS), Fault.OTHER_NAME),
        (found(OTHER, OURS), Fault.OTHER_NAME),
        (found(ONE, OTHER), Fault.OTHER_PODS),
    ],
)
def test_the_fault_and_its_words(said: Name | None, fault: Fault | None) -> None:
    seen = facts(said)
    assert service.fault(seen) is fault
    assert bool(service.said(seen)) == (fault is not None)
    assert bool(service.fix(seen)) == (fault not in (None, Fault.ABSENT))
    assert dns_names.fix(seen, seen.snapshot.pods[1])


def test_a_pod_that_has_a_name_shows_that_the_service_is_right() -> None:
    assert service.fault(facts(found(ONE), others=found(OTHER))) is None
    assert service.fault(facts(found(ONE), others=UNKNOWN)) is None


def test_a_node_that_answers_through_the_cluster_ip_is_no_name() -> None:
    assert service.fault(facts(found(ONE), others=found(ONE))) is Fault.CLUSTER_IP


def test_a_pod_alone_says_nothing_of_its_service() -> None:
    alone = dataclasses.replace(build.snapshot(build.own(0)), service=ABSENT)
    assert service.fault(Facts(alone, build.topology(0, 1))) is None


def test_without_an_address_of_our_own_one_of_several_may_be_ours() -> None:
    assert service.fault(facts(found(ONE), address=None)) is Fault.CLUSTER_IP
    assert service.fault(facts(found(ONE, OTHER), address=None)) is None


def test_without_a_size_the_pods_that_were_found_are_counted() -> None:
    seen = Facts(facts(None).snapshot, build.topology(0, None))
    assert any(
        one.what.startswith("1 pod was found. Are")
        for one in dns_names.fix(seen, seen.snapshot.pods[1])
    )
