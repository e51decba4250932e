"""The start gate of a blank pod: it may take the place of a primary that others still follow."""

from __future__ import annotations

from typing import Final

import pytest

from bootstrap.model import todo
from bootstrap.model.directory import Name
from bootstrap.model.snapshot import Scope, Volume
from bootstrap.plan.verdict import Gate
from tests.core import build
from tests.core.test_start_gate import GONE, HOLDER, PROMOTED, asks_all, down, peer, plan, verdict

BLANK: Final = Volume()
OPEN: Final = Gate(why="the volume holds no nodes.conf: the node is new")
NOT_OWNER: Final = down("master", "")
UNKNOWN_4: Final = build.pod(4, resolved=Name(state="unknown", reason="no answer"))
UNKNOWN: Final = build.pod(3, resolved=Name(state="unknown", reason="SERVFAIL from 10.0.0.53:53"))


def test_a_new_node_asks_all_pods_first() -> None:
    assert asks_all(seen=BLANK)


def test_who_takes_the_place_of_an_owner_waits_until_others_own_it() -> None:
    held = plan(HOLDER, peer(1), seen=BLANK)
    assert (held.gate.open, held.look) == (False, Scope.ALL)
    assert "redis-app-0: a replica to be promoted" in held.waiting[0].text
    assert "its volume does not hold their data" in held.gate.why
    promoted = peer(3, PROMOTED, down("master,fail", ""))
    assert verdict(peer(1, down("master,fail", ""), PROMOTED), promoted, seen=BLANK).open
    (block,) = plan(HOLDER, peer(1), seen=BLANK, shut=45.0).blocked
    assert block.code == "data-missing"


def test_elsewhere_nobody_could_follow_it() -> None:
    assert verdict(HOLDER, peer(1), seen=BLANK, address="10.0.0.99") == OPEN


def test_without_an_address_of_its_own_the_name_has_to_do() -> None:
    """It may be at any, so also at its predecessor's."""
    assert not verdict(HOLDER, peer(1), seen=BLANK, address=None).open
    assert verdict(peer(1, NOT_OWNER), seen=BLANK, address=None) == OPEN


def test_without_anything_to_lose_it_starts() -> None:
    assert verdict(peer(1, GONE), peer(2, GONE), seen=BLANK).open
    assert verdict(peer(1, NOT_OWNER), seen=BLANK) == OPEN
    # One of two does not know yet.
    assert not verdict(peer(1, NOT_OWNER), HOLDER, seen=BLANK).open


def test_where_nobody_listens_it_is_a_first_start() -> None:
    absent = build.pod(2, resolved=Name(state="absent", reason="NXDOMAIN from 10.0.0.53:53"))
    assert verdict(build.own(1), absent, build.pod(3, "refused"), seen=BLANK) == OPEN


def test_a_new_node_waits_for_what_dns_has_to_say() -> None:
    """Unknown is never absent. It is no refusal: as soon as DNS answers, it is decided."""
    found = plan(UNKNOWN, build.own(1), seen=BLANK, shut=1000.0)
    assert (found.gate.open, found.blocked, found.look) == (False, (), Scope.ALL)
    assert found.waiting[0].text == (
        "redis-app-0: its peers to be heard: a node that was here before may have replicas, and a"
        " start would empty them; DNS about redis-app-3: SERVFAIL from 10.0.0.53:53"
    )


@pytest.mark.parametrize("trouble", ["loading", "timeout", "password", "permission", "tls"])
def test_a_peer_that_is_there_and_cannot_be_heard_is_waited_for(trouble: str) -> None:
    found = verdict(build.pod(3, trouble), build.own(1), seen=BLANK, shut=1000.0)
    assert not found.open
    assert f"redis-app-3: it is {trouble}" in found.why


@pytest.mark.parametrize(
    ("trouble", "look"),
    [
        ("password", "redis-app-3 -c redis -- sh -c 'redis-cli CONFIG GET requirepass;"),
        ("protected-mode", "redis-app-3 -c redis -- redis-cli CONFIG GET protected-mode"),
        ("command-missing", "grep -n -i rename-command"),
        ("permission", "ACL SETUSER default"),
        ("not-cluster-mode", "set `cluster-enabled yes` in redis.conf"),
        ("tls", "redis-app-3 -c redis -- redis-cli CONFIG GET 'tls*'"),
        ("tls-expired", "CONFIG GET 'tls-*-file'"),
        ("loading", "loading_loaded_perc grows: wait"),
    ],
)
def test_what_is_to_be_done_follows_from_what_a_peer_turns_it_away_with(
    trouble: str, look: str
) -> None:
    """In every place where it is told: both commands, /readyz and the log take these two."""
    found = plan(build.pod(3, trouble), build.own(1), seen=BLANK, shut=1000.0)
    assert look in todo.line(found.waiting[0].fix)
    assert look in todo.line(found.gate.fix)
    last = todo.todos(found.gate.fix)[-1]
    assert last.destructive
    assert "BOOTSTRAP_GATE_ON_TIMEOUT=open" in last.what


def test_for_want_of_dns_the_look_is_at_dns() -> None:
    for found in (plan(UNKNOWN, seen=BLANK), plan(seen=BLANK, size=None, listed=False)):
        assert "does the cluster's DNS run?" in todo.line(found.gate.fix)


def test_a_member_of_the_cluster_can_speak_for_all() -> None:
    """Or else one dead machine would hold up whoever comes after it."""
    knowing = peer(1, down("master,fail", ""), PROMOTED)
    assert verdict(build.pod(2, "timeout"), UNKNOWN_4, knowing, seen=BLANK).open


def test_a_member_that_came_too_late_can_not() -> None:
    """It was met when the primary in our place was gone already, and never heard of its slots."""
    newcomer = peer(1, NOT_OWNER)
    assert not verdict(build.pod(3, "timeout"), newcomer, seen=BLANK).open
    assert verdict(build.pod(3, "refused"), newcomer, seen=BLANK) == OPEN


def test_without_a_size_the_service_has_to_say_who_there_is() -> None:
    found = plan(seen=BLANK, size=None, listed=False)
    assert not found.gate.open
    assert "DNS has not said yet which pods there are" in found.waiting[0].text
    assert verdict(seen=BLANK, size=None, listed=True) == OPEN


def test_it_does_not_wait_for_ever_where_that_is_not_wanted() -> None:
    assert not verdict(UNKNOWN, seen=BLANK, shut=44.9, gate_opens=True).open
    assert verdict(UNKNOWN, seen=BLANK, shut=45.0, gate_opens=True) == OPEN
