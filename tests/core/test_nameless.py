"""Nodes that are known by address alone, and those that only some have not heard the name of."""

from __future__ import annotations

import dataclasses

import pytest

from bootstrap.model import nameless
from bootstrap.model.snapshot import Pod
from tests.core import build

OLD = "redis-6.2"


def old(me: int, lines: list[str]) -> Pod:
    """A node of before 7.0, which says no names."""
    return build.pod(me, build.view(without_names(lines), server=OLD))


def without_names(lines: list[str]) -> list[str]:
    """What a node says that has not heard the names."""
    return [
        " ".join([words[0], words[1].partition(",")[0], *words[2:]])
        for words in (line.split() for line in lines)
    ]


def ask(mine: Pod, *peers: Pod) -> bool:
    assert mine.node is not None
    return nameless.exist(mine.node, peers)


def test_a_later_pod_of_an_old_server_is_nameless() -> None:
    known = [old(me, build.all_lines(me, 4)) for me in range(4)]
    assert ask(known[0], *known[1:3])
    assert not ask(*known)


@pytest.mark.parametrize("flags", ["handshake", "master,fail", "master,fail?"])
def test_who_is_not_met_or_gone_is_nobody(flags: str) -> None:
    lines = [build.line(0, "myself,master"), build.line(7, flags)]
    assert not ask(old(0, lines))


def test_an_address_that_was_tried_is_known() -> None:
    away = build.pod(1, "refused")
    lines = [build.line(0, "myself,master"), build.line(1)]
    assert not ask(old(0, lines), away)
    assert ask(old(0, lines), build.pod(1, "refused", at="10.9.9.9"))


def test_whom_our_node_knows_by_name_needs_no_list_when_a_peer_has_not_heard_it() -> None:
    """The node does not answer, and nobody asked DNS for it yet: no address was tried."""
    away = dataclasses.replace(build.pod(2, "timeout"), address=None)
    peer = build.pod(1, build.view(without_names(build.all_lines(1, 3))))
    mine = build.pod(0, build.view(build.all_lines(0, 3)))
    assert not ask(mine, peer, away)
    unheard = build.pod(0, build.view(without_names(build.all_lines(0, 3))))
    assert ask(unheard, peer, away)


def test_while_our_node_is_down_the_peers_may_know_somebody() -> None:
    down = build.pod(0, "refused")
    assert ask(down, build.pod(1, build.view(without_names(build.all_lines(1, 3)))))
