"""What a nodes.conf says. Those of real servers are read in the shell's tests."""

from __future__ import annotations

import pytest

from bootstrap.model.snapshot import Volume
from bootstrap.redis import parse

ME = "07c3 10.0.0.1:6379@16379,a.example,tls-port=0,shard-id=9f myself,master - 0 0 1 connected 0-5460"
OTHER = "18d4 :0@0,,tls-port=0,shard-id=a0 slave,fail,noaddr 07c3 0 0 1 disconnected"
VARS = "vars currentEpoch 6 lastVoteEpoch 0"


def text(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize(
    "lines", [(ME, OTHER, VARS), (OTHER, ME, VARS), (ME, OTHER), (VARS, "", ME, OTHER, "", "")]
)
def test_nodes_and_which_of_them_it_is(lines: tuple[str, ...]) -> None:
    members = parse.nodes_conf(text(*lines))
    assert [member.node_id for member in members] == ["07c3", "18d4"]
    me = Volume(members=members).myself
    assert me is not None
    assert (me.node_id, me.slots, me.hostname) == ("07c3", ((0, 5460),), "a.example")


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("\n\n", "it names 0 nodes as myself"),
        (text(VARS), "it names 0 nodes as myself"),
        (text(OTHER, VARS), "it names 0 nodes as myself"),
        (text(ME, ME.replace("07c3", "18d4")), "it names 2 nodes as myself"),
        ("\0" * 4096, "it holds NUL bytes"),
        (text(ME) + "\0" * 64, "it holds NUL bytes"),
        (text(ME)[:-1], "its last line is cut off"),
        (text(ME, OTHER, VARS)[:-6], "its last line is cut off"),
        (text(ME, "18d4 :0@0"), "a line that makes no sense: '18d4 :0@0'"),
        (text(ME, "\\x00\\xff"), "a line that makes no sense"),
        (text(ME.replace("0-5460", "0-x")), "a line that makes no sense"),
    ],
)
def test_what_no_server_could_start_with(broken: str, why: str) -> None:
    with pytest.raises(parse.MalformedError, match=why.replace("\\", r"\\")):
        parse.nodes_conf(broken)


@pytest.mark.parametrize(
    ("volume", "emptied"),
    [
        (Volume(), False),
        (Volume(members=parse.nodes_conf(text(ME, OTHER))), True),
        (Volume(members=parse.nodes_conf(text(ME, OTHER)), data="dump.rdb"), False),
        (Volume(members=parse.nodes_conf(text(ME.replace(" 0-5460", "")))), False),
        (
            Volume(
                members=parse.nodes_conf(text(ME.replace("myself,master -", "myself,slave 18d4")))
            ),
            False,
        ),
        (Volume(corrupt="x"), True),
        (Volume(corrupt="x", data="dump.rdb"), False),
    ],
)
def test_whether_a_primary_lost_its_data(volume: Volume, emptied: bool) -> None:
    assert volume.emptied is emptied
