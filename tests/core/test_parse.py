"""What servers say, as values. The texts are those of real servers."""

from __future__ import annotations

import dataclasses

import pytest

from bootstrap import plan as planning
from bootstrap.model.snapshot import Scope
from bootstrap.model.view import Member, OpenSlot
from bootstrap.redis import parse, views
from tests.core import build

ONE = "07c3 10.0.0.1:6379@16379,a.example myself,master - 0 0 1 connected 0-5460 5462"


def member(line: str) -> Member:
    (found,) = parse.nodes(line)
    return found


def test_a_line() -> None:
    assert member(ONE) == Member(
        node_id="07c3",
        address="10.0.0.1",
        port=6379,
        bus_port=16379,
        hostname="a.example",
        flags=frozenset({"myself", "master"}),
        epoch=1,
        slots=((0, 5460), (5462, 5462)),
    )


@pytest.mark.parametrize(
    ("endpoint", "address", "port", "bus", "hostname"),
    [
        (":6379@16379", "", 6379, 16379, ""),
        ("10.0.0.1:7000", "10.0.0.1", 7000, 17000, ""),
        ("10.0.0.1:7000@9", "10.0.0.1", 7000, 9, ""),
        ("10.0.0.1:1@2,", "10.0.0.1", 1, 2, ""),
        ("fd00::1:6379@16379", "fd00::1", 6379, 16379, ""),
        ("::1:6379@16379,a.b", "::1", 6379, 16379, "a.b"),
        ("10.0.0.1:1@2,a.b,shard-id=9f,tls-port=0", "10.0.0.1", 1, 2, "a.b"),
    ],
)
def test_endpoints(endpoint: str, address: str, port: int, bus: int, hostname: str) -> None:
    found = member(f"id {endpoint} master - 0 0 0 connected")
    assert (found.address, found.port, found.bus_port, found.hostname) == (
        address,
        port,
        bus,
        hostname,
    )


def test_flags_and_links() -> None:
    found = member("id 10.0.0.1:1@2 slave,fail? 07c3 0 0 7 disconnected")
    assert (found.is_replica, found.failed, found.handshake) == (True, True, False)
    assert (found.primary_id, found.epoch, found.bus_connected) == ("07c3", 7, False)
    assert member("id :0@0 master,noaddr - 0 0 0 disconnected").failed
    assert member("id 10.0.0.1:1@2 handshake - 0 0 0 connected").handshake


def test_slots_that_move_are_told_apart_from_slots() -> None:
    found = member("id 10.0.0.1:1@2 master - 0 0 0 connected 5 [6->-abc] [7-<-abc]")
    assert found.open_slots == (
        OpenSlot(slot=6, importing=False, peer_id="abc"),
        OpenSlot(slot=7, importing=True, peer_id="abc"),
    )
    assert found.slots == ((5, 5),)
    assert not member(ONE).open_slots


def test_the_order_of_lines_does_not_matter() -> None:
    lines = [f"id{number} 10.0.0.{number}:1@2 master - 0 0 0 connected" for number in range(4)]
    assert parse.nodes("\n".join(lines)) == parse.nodes("\n".join([*lines[::-1], ""]))


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "id 10.0.0.1 master - 0 0 0 connected",
        "id 10.0.0.1:x@2 master - 0 0 0 connected",
        "id 10.0.0.1:1@2 master - 0 0 zero connected",
        "id 10.0.0.1:1@2 master - 0 0 0 connected a-b",
        "id 10.0.0.1:1@2 master - 0 0 0 connected [6-abc]",
        "id 10.0.0.1:1@2 master - 0 0 0",
    ],
)
def test_a_line_without_sense(line: str) -> None:
    with pytest.raises(parse.MalformedError, match="makes no sense"):
        parse.nodes(line)


def test_info() -> None:
    text = "# Server\r\nredis_version:7.2.4\r\nvalkey_version:9.1.2\r\n\r\nnothing\r\na:b:c\r\n"
    assert views.info(text) == {"redis_version": "7.2.4", "valkey_version": "9.1.2", "a": "b:c"}


def test_valkey_says_its_own_version_beside() -> None:
    assert views.version({"redis_version": "7.2.4", "valkey_version": "9.1.2"}) == (9, 1, 2)
    assert views.version({"redis_version": "6.2.5"}) == (6, 2, 5)


@pytest.mark.parametrize("said", [{}, {"redis_version": "7"}, {"redis_version": "7.x.1"}])
def test_no_version(said: dict[str, str]) -> None:
    with pytest.raises(parse.MalformedError, match="no version"):
        views.version(said)


def test_keys_of_all_databases_are_counted() -> None:
    facts = {"db0": "keys=3,expires=0,avg_ttl=0", "db12": "keys=4,expires=1", "dbx": "keys=9"}
    assert views.keys(facts) == 7
    assert views.keys({"db_size": "1"}) == 0


def test_keys_without_a_time_to_live_are_counted() -> None:
    facts = {"db0": "keys=3,expires=2,avg_ttl=9", "db1": "keys=4", "db2": "keys=5,expires="}
    assert views.lasting(facts) == 10


@pytest.mark.parametrize("said", ["", "keys=", "keys=many", "expires=3"])
def test_keys_that_cannot_be_counted_are_not_zero(said: str) -> None:
    with pytest.raises(parse.MalformedError, match="number of keys"):
        views.keys({"db0": said})


VERSION = "redis_version:7.2.4\r\nuptime_in_seconds:12\r\n"


def test_a_view() -> None:
    info = VERSION + "master_host:10.0.0.2\r\nmaster_link_status:up\r\nslave_repl_offset:7\r\n"
    found = views.view(
        ONE,
        views.info(info),
        {"cluster_state": "ok"},
        {"b": "2", "a": "1"},
        peers_password_ok=False,
    )
    assert found.node_id == "07c3"
    assert found.state_ok
    assert found.product == "redis"
    assert (found.uptime, found.link_up, found.primary_host, found.offset) == (
        12,
        True,
        "10.0.0.2",
        7,
    )
    assert found.settings == (("a", "1"), ("b", "2"))
    assert (found.setting("a"), found.setting("c")) == ("1", None)
    assert not found.peers_password_ok


def test_a_primary_says_its_own_offset_and_has_no_link() -> None:
    info = VERSION + "valkey_version:8.1.0\r\nmaster_repl_offset:9\r\n"
    found = views.view(ONE, views.info(info), {"cluster_state": "fail"}, {}, peers_password_ok=True)
    assert (found.offset, found.link_up, found.primary_host) == (9, False, "")
    assert (found.product, found.state_ok) == ("valkey", False)


def test_what_a_server_tells_of_the_copies_it_gave_and_of_the_keys_it_had() -> None:
    info = VERSION + (
        "expired_keys:3\r\nrdb_last_load_keys_expired:4\r\nsync_full:1\r\nsync_partial_ok:2\r\n"
        "master_replid:ab00\r\nmaster_replid2:cd00\r\ndb0:keys=9,expires=2,avg_ttl=5\r\n"
    )
    found = views.view(ONE, views.info(info), {}, {}, peers_password_ok=True)
    assert (found.keys, found.lasting, found.expired, found.copies_given) == (9, 7, 7, 3)
    assert (found.replication_id, found.former_replication_id) == ("ab00", "cd00")
    none = views.view(
        ONE, views.info(f"{VERSION}master_replid2:{'0' * 40}"), {}, {}, peers_password_ok=True
    )
    assert (none.lasting, none.expired, none.copies_given) == (0, 0, 0)
    assert (none.replication_id, none.former_replication_id) == ("", "")


@pytest.mark.parametrize("lines", ["", ONE.replace("myself,", ""), f"{ONE}\n{ONE}"])
def test_exactly_one_node_is_itself(lines: str) -> None:
    with pytest.raises(parse.MalformedError, match="as myself"):
        views.view(lines, views.info(VERSION), {}, {}, peers_password_ok=True)


def test_shards_are_the_ids_of_their_nodes() -> None:
    nodes = [["id", "n0", "role", "master"], ["id", "n3", "role", "replica"]]
    reply = [["slots", [0, 16383], "nodes", nodes], ["slots", [], "nodes", [["id", "n1"]]]]
    assert parse.shards(reply) == (frozenset({"n0", "n3"}), frozenset({"n1"}))
    assert parse.shards([]) == ()


@pytest.mark.parametrize(
    "reply", [[["slots", []]], [["nodes", [["port", 1]]]], [["nodes"]], [7]], ids=str
)
def test_shards_that_make_no_sense(reply: list[object]) -> None:
    with pytest.raises(parse.MalformedError, match="CLUSTER SHARDS makes no sense"):
        parse.shards(reply)


@pytest.mark.parametrize(
    ("server", "announced", "ports", "old"),
    [
        ("redis-6.2", "7001@17001", (6379, 16379), 7001),
        ("redis-6.2", "6379@17001", (6379, 16379), 0),
        ("redis-7.0", "7001@17001", (7001, 17001), 0),
    ],
)
def test_before_7_0_a_server_keeps_the_ports_of_its_start(
    server: str, announced: str, ports: tuple[int, int], old: int
) -> None:
    seen = build.view(build.blank(0).replace("6379@16379", announced), server=server)
    found = views.with_ports(seen, 6379)
    assert (found.myself.port, found.myself.bus_port, found.old_port) == (*ports, old)


def test_whose_clients_are_sent_to_an_old_port_is_told() -> None:
    me = build.own(0, build.all_lines(0), ok=True)
    assert me.view is not None
    old = dataclasses.replace(me, node=dataclasses.replace(me.view, old_port=7001))
    plan = planning.plan(build.snapshot(old, scope=Scope.LOCAL), build.topology(0))
    assert any("sends clients to port 7001" in note for note in plan.notes)


def test_keys_in_slots() -> None:
    """The reply of redis 8.10, which has more facts of each slot if it is told to gather them."""
    assert parse.keys_in_slots([]) == 0
    some = [[0, ["key-count", 2]], [7, ["key-count", 3, "cpu-usec", 9]]]
    assert parse.keys_in_slots(some) == 5


@pytest.mark.parametrize("reply", [None, [1], [[0, ["cpu-usec", 9]]], [[0, ["key-count", "x"]]]])
def test_no_keys_are_guessed(reply: object) -> None:
    with pytest.raises(parse.MalformedError, match="SLOT-STATS"):
        parse.keys_in_slots(reply)  # type: ignore[arg-type]
