"""The tests' own name server: it must answer, forget and fail as those in clusters do."""

from __future__ import annotations

from collections.abc import Iterator

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from tests.statefulset import addresses, misbehaviour, nameserver

SERVICE = "redis-service.default.svc.cluster.local."
POD = f"redis-app-0.{SERVICE}"
WHERE = ("redis-service", "default")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def block() -> Iterator[addresses.Addresses]:
    claimed = addresses.Addresses()
    yield claimed
    claimed.release()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def names(block: addresses.Addresses, clock: Clock) -> Iterator[nameserver.NameServer]:
    with nameserver.NameServer(block.nameserver, 0, clock=clock) as server:
        yield server


@pytest.fixture
def remembering(block: addresses.Addresses, clock: Clock) -> Iterator[nameserver.NameServer]:
    with nameserver.NameServer(block.nameserver, 0, cache_seconds=30, clock=clock) as server:
        yield server


def ask(
    names: nameserver.NameServer, name: str, kind: str, *, flags: str = "RD", tcp: bool = False
) -> dns.message.Message:
    do = "DO" in flags
    query = dns.message.make_query(name, kind, use_edns=0, payload=1232, want_dnssec=do)
    query.flags = dns.flags.from_text(flags.replace("DO", ""))
    send = dns.query.tcp if tcp else dns.query.udp
    return send(query, names.address, port=names.port, timeout=2)


def records(message: dns.message.Message) -> list[str]:
    sections = (message.answer, message.additional)
    return sorted(line for one in sections for rrset in one for line in str(rrset).splitlines())


def test_a_pod_has_its_addresses_by_family(names: nameserver.NameServer) -> None:
    names.publish("redis-app-0", *WHERE, ["127.9.0.1", "fd00::1"])
    assert records(ask(names, POD, "A")) == [f"{POD} 5 IN A 127.9.0.1"]
    assert records(ask(names, POD.upper(), "AAAA")) == [f"{POD.upper()} 5 IN AAAA fd00::1"]


def test_a_service_lists_all_pods_with_their_addresses(names: nameserver.NameServer) -> None:
    for number in range(2):
        names.publish(f"redis-app-{number}", *WHERE, [f"127.9.0.{number}"])
    names.publish("other-0", "other", "default", ["127.9.0.9"])
    assert records(ask(names, SERVICE, "A")) == [
        f"{SERVICE} 5 IN A 127.9.0.0",
        f"{SERVICE} 5 IN A 127.9.0.1",
    ]
    assert records(ask(names, SERVICE, "SRV")) == [
        f"redis-app-0.{SERVICE} 5 IN A 127.9.0.0",
        f"redis-app-1.{SERVICE} 5 IN A 127.9.0.1",
        f"{SERVICE} 5 IN SRV 0 50 6379 redis-app-0.{SERVICE}",
        f"{SERVICE} 5 IN SRV 0 50 6379 redis-app-1.{SERVICE}",
    ]


def test_a_denial_bears_the_zone_and_its_time(names: nameserver.NameServer) -> None:
    names.publish("redis-app-0", *WHERE, ["127.9.0.1"])
    missing, no_data = ask(names, f"redis-app-1.{SERVICE}", "A"), ask(names, POD, "AAAA")
    assert (missing.rcode(), no_data.rcode()) == (dns.rcode.NXDOMAIN, dns.rcode.NOERROR)
    for message in (missing, no_data):
        assert not message.answer
        assert str(message.authority[0]) == (
            "cluster.local. 5 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. "
            "1 7200 1800 86400 5"
        )
    assert ask(names, "svc.cluster.local.", "A").rcode() == dns.rcode.NOERROR
    names.withdraw("redis-app-0", *WHERE)
    assert ask(names, SERVICE, "A").rcode() == dns.rcode.NXDOMAIN
    assert ask(names, "example.com.", "A").rcode() == dns.rcode.REFUSED


def test_names_come_and_go_when_told(names: nameserver.NameServer, clock: Clock) -> None:
    names.publish("redis-app-0", *WHERE, ["127.9.0.1"], after=3)
    assert not ask(names, POD, "A").answer
    clock.now += 3
    names.withdraw("redis-app-0", *WHERE, after=1)
    assert ask(names, POD, "A").answer
    clock.now += 1
    assert not ask(names, POD, "A").answer


def test_a_stale_address_stays_for_a_while(names: nameserver.NameServer, clock: Clock) -> None:
    names.publish("redis-app-0", *WHERE, ["127.9.0.1"])
    names.stale("redis-app-0", *WHERE, seconds=10)
    names.publish("redis-app-0", *WHERE, ["127.9.0.2"])
    clock.now += 9.9
    assert records(ask(names, POD, "A")) == [f"{POD} 5 IN A 127.9.0.1"]
    clock.now += 0.1
    assert records(ask(names, POD, "A")) == [f"{POD} 5 IN A 127.9.0.2"]


def test_misses_and_hits_are_remembered_per_type_and_bits(
    remembering: nameserver.NameServer, clock: Clock
) -> None:
    assert ask(remembering, POD, "A").authority[0].ttl == 30
    remembering.publish("redis-app-0", *WHERE, ["127.9.0.1"])
    clock.now += 29.5
    assert not ask(remembering, POD.upper(), "A").answer
    assert ask(remembering, POD, "A").authority[0].ttl == 1
    for flags in ("RD CD", "RD DO", "RD CD DO"):
        assert records(ask(remembering, POD, "A", flags=flags)) == [f"{POD} 30 IN A 127.9.0.1"]
    assert ask(remembering, POD, "SRV").answer
    remembering.withdraw("redis-app-0", *WHERE)
    clock.now += 0.5
    assert not ask(remembering, POD, "A").answer
    assert records(ask(remembering, POD, "A", flags="RD CD")) == [f"{POD} 30 IN A 127.9.0.1"]


def test_what_does_not_fit_is_cut_and_tcp_has_it_all(names: nameserver.NameServer) -> None:
    for number in range(40):
        names.publish(f"redis-app-{number}", *WHERE, [f"127.9.0.{number}"])
    assert ask(names, SERVICE, "SRV").flags & dns.flags.TC
    assert not ask(names, SERVICE, "A").flags & dns.flags.TC
    assert len(records(ask(names, SERVICE, "SRV", tcp=True))) == 80


def test_it_misbehaves_until_told_otherwise(names: nameserver.NameServer) -> None:
    names.publish("redis-app-0", *WHERE, ["127.9.0.1"])
    names.behave(misbehaviour.Behaviour.SERVFAIL, name=POD)
    assert ask(names, POD, "A").rcode() == dns.rcode.SERVFAIL
    assert ask(names, SERVICE, "A").answer
    names.behave(misbehaviour.Behaviour.REFUSE, name=POD)
    assert ask(names, POD, "A").rcode() == dns.rcode.REFUSED
    names.behave(misbehaviour.Behaviour.TRUNCATE, name=POD)
    assert ask(names, POD, "A").flags & dns.flags.TC
    assert ask(names, POD, "A", tcp=True).answer
    for rubbish in (
        misbehaviour.Behaviour.RANDOM_BYTES,
        misbehaviour.Behaviour.WRONG_ID,
        misbehaviour.Behaviour.WRONG_QUESTION,
    ):
        names.behave(rubbish, name=POD)
        with pytest.raises(dns.exception.DNSException):
            ask(names, POD, "A")
    names.behave(None, name=POD)
    assert ask(names, POD, "A").answer


def test_questions_are_logged(names: nameserver.NameServer) -> None:
    ask(names, POD, "A", flags="RD CD")
    ask(names, SERVICE, "SRV", flags="RD DO", tcp=True)
    assert names.questions == [
        nameserver.Asked(POD, "A", do=False, cd=True, transport="udp", source="127.0.0.1"),
        nameserver.Asked(SERVICE, "SRV", do=True, cd=False, transport="tcp", source="127.0.0.1"),
    ]


def test_an_address_in_use_is_an_error(names: nameserver.NameServer) -> None:
    second = nameserver.NameServer(names.address, names.port)
    with pytest.raises(OSError, match="in use"):
        second.start()
    second.stop()


def test_it_can_be_stopped_and_started(names: nameserver.NameServer) -> None:
    names.publish("redis-app-0", *WHERE, ["127.9.0.1"])
    names.stop()
    names.start()
    assert ask(names, POD, "A").answer
