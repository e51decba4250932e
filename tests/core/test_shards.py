"""The cluster by its shards: whose word counts, who is missing, and how it is shown."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, Final

import pytest

from bootstrap import plan as planning
from bootstrap.model.directory import Name
from bootstrap.model.snapshot import Pod
from bootstrap.model.wish import UNSTATED
from bootstrap.show import cluster_table, shards
from tests.core import build, resharding, scenario


def own(ordinal: int, lines: list[str] | None = None, *, offset: int = 0, **more: Any) -> Pod:
    defaults: dict[str, Any] = {"ok": True, "link": True, "follows": build.address(ordinal % 3)}
    pod = build.own(ordinal, lines or build.all_lines(ordinal), **{**defaults, **more})
    assert pod.view is not None
    return dataclasses.replace(pod, node=dataclasses.replace(pod.view, offset=offset))


def six(**instead: Pod) -> list[Pod]:
    """A formed cluster; `p3=...` is another pod 3."""
    return [instead.get(f"p{one}", own(one)) for one in range(6)]


def cluster(*pods: Pod, me: int = 0) -> shards.Cluster:
    return shards.cluster(build.snapshot(*pods), build.topology(me))


def said(found: shards.Cluster) -> dict[str, str]:
    """By pod, what is wrong with it."""
    return {row.pod: row.trouble for shard in found.shards for row in shard.rows if row.trouble}


def names(found: shards.Cluster) -> list[list[str]]:
    return [[row.pod for row in shard.rows] for shard in found.shards]


LAYOUT = [["redis-app-0", "redis-app-3"], ["redis-app-1", "redis-app-4"],
          ["redis-app-2", "redis-app-5"]]  # fmt: skip


@pytest.mark.parametrize("me", [0, 5])
def test_shards_stand_by_their_slots_and_replicas_below_their_primary(me: int) -> None:
    found = cluster(*six(), me=me)
    assert names(found) == LAYOUT
    assert [shard.ranges for shard in found.shards] == [
        ((0, 5460),),
        ((5461, 10921),),
        ((10922, 16383),),
    ]
    assert [row.role for row in found.shards[0].rows] == ["primary", "replica"]
    assert found.well


def test_a_replica_lags_by_the_bytes_that_it_lacks() -> None:
    pods = six(
        p0=own(0, offset=900),
        p3=own(3, offset=850),
        p1=own(1, offset=100),
        p4=own(4, offset=107),
        p2=build.pod(2, "timeout"),
    )
    rows = {row.pod: row for shard in cluster(*pods).shards for row in shard.rows}
    assert rows["redis-app-3"].lag == 50
    assert rows["redis-app-4"].lag == 0  # What was written between the two looks.
    assert rows["redis-app-5"].lag is None  # Nobody knows.
    assert rows["redis-app-0"].lag is None  # A primary.


def test_a_nodes_own_word_counts_most() -> None:
    """The replica has taken over, and our own node has not heard of it yet."""
    lines = build.all_lines(3)
    lines[0] = build.line(0, "slave", "n3")
    lines[3] = build.line(3, "myself,master", slots="0-5460")
    former = build.all_lines(0)
    former[0], former[3] = build.line(0, "myself,slave", "n3"), build.line(3, slots="0-5460")
    found = cluster(*six(p0=own(0, former), p3=own(3, lines)), me=5)
    assert names(found)[0] == ["redis-app-3", "redis-app-0"]


def test_slots_of_two_masters_are_disputed() -> None:
    lines = build.all_lines(3)
    lines[0] = build.line(0, "master", slots="0-99")
    lines[3] = build.line(3, "myself,master", slots="100-5460")
    lines[1] = build.line(1, slots="5461-10921")
    found = cluster(*six(p3=own(3, lines)))
    assert found.disputed == ((100, 5460),)
    assert not found.well
    assert "slots 100-5460: several nodes claim them" in text(*six(p3=own(3, lines)))


def test_who_does_not_answer_stands_where_others_see_it() -> None:
    lines = build.all_lines(0)
    lines[1] = lines[1].replace("master", "master,fail")
    found = cluster(*six(p0=own(0, lines, ok=False), p1=build.pod(1, "timeout")))
    assert names(found) == LAYOUT
    assert said(found) == {"redis-app-1": "away (fail): it is timeout"}
    assert not found.well
    row = found.shards[1].rows[0]
    assert (row.state, row.link, row.keys, row.address) == (None, None, None, "10.0.0.11")


def test_who_is_seen_as_failed_is_in_trouble_though_it_answers() -> None:
    lines = build.all_lines(0)
    lines[1] = lines[1].replace("master", "master,fail?")
    assert said(cluster(*six(p0=own(0, lines)))) == {"redis-app-1": "1 node takes it for failed"}


def test_who_knows_everybody_and_is_known_to_nobody_is_in_trouble() -> None:
    heard = {f"p{one}": own(one, [line for line in build.all_lines(one) if line[:2] != "n4"])
             for one in (0, 1, 2, 3, 5)}  # fmt: skip
    found = cluster(*six(**heard))
    assert said(found) == {"redis-app-4": "no other node knows it"}
    assert not found.well


GONE: Final = "the volume of redis-app-4 is gone"


def test_a_node_that_is_new_and_holds_keys_is_told_as_that() -> None:
    found = cluster(*six(p4=build.own(4, "n9 10.0.0.14:6379@16379,redis-app-4."
        f"{build.SUBDOMAIN} myself,master - 0 0 0 connected 7", keys=98)))  # fmt: skip
    new = "the nodes.conf of redis-app-4 is new, and its volume holds 98 keys"
    assert said(found) == {"redis-app-4": f"{new}; another node lives in its pod"}
    assert ("redis-app-4", "its nodes.conf is new, it holds 98 keys, and is in no shard") in (
        found.outside
    )


def test_a_ghost_is_named_and_the_new_node_in_its_pod_is_outside() -> None:
    found = cluster(*six(p4=build.own(4, "n9 10.0.0.14:6379@16379,redis-app-4."
        f"{build.SUBDOMAIN} myself,master - 0 0 0 connected")))  # fmt: skip
    assert said(found) == {"redis-app-4": f"{GONE}; another node lives in its pod"}
    assert found.outside == (("redis-app-4", "new"),)
    assert not found.well


def test_pods_that_are_not_there_and_nodes_without_a_shard() -> None:
    gone = build.pod(6, resolved=Name(state="absent", reason="NXDOMAIN from 10.96.0.10:53"))
    lines = [*build.all_lines(0), build.line(7, "master"), build.line(8, "slave", "n99")]
    stranger = build.own(9, cluster_announce_hostname="db-0.elsewhere")
    met = build.own(10, [build.line(10, "myself,master"), build.line(0)])
    found = cluster(*six(p0=own(0, lines)), gone, stranger, met)
    assert dict(found.outside) == {
        "redis-app-6": "away: DNS says NXDOMAIN from 10.96.0.10:53",
        "redis-app-7": "not looked at; in no shard",
        "redis-app-8": "not looked at; in no shard",
        "redis-app-9": "not proven: a node that is not proven to be its own answers at 10.0.0.19",
        "redis-app-10": "in no shard",
    }
    assert not found.well


def test_lost_slots_are_named() -> None:
    lines = [line for line in build.all_lines(0) if not line.startswith("n1 ")]
    pods = [own(0, lines, ok=False), build.pod(1, "refused")]
    found = cluster(*pods)
    assert found.lost == ((5461, 10921),)
    assert not found.well
    assert "slots 5461-10921: no node owns them" in text(*pods)


def test_with_our_own_node_silent_another_ones_word_is_taken() -> None:
    found = cluster(*six(p0=build.pod(0, "refused"), p4=build.pod(4, "loading")))
    assert names(found) == LAYOUT
    assert said(found) == {
        "redis-app-0": "away: it is refused",
        "redis-app-4": "loading: it is loading",
    }


def test_a_node_of_nobody_is_called_by_its_hostname_or_id() -> None:
    named = "n77777777777 10.0.0.77:6379@16379,db-0.else slave n0 0 0 9 connected"
    nameless = "n88888888888 10.0.0.88:6379@16379 slave n0 0 0 9 connected"
    lines = [*build.all_lines(0), named, nameless]
    found = cluster(*six(p0=own(0, lines)))
    assert names(found)[0] == ["redis-app-0", "redis-app-3", "db-0.else", "n8888888"]
    assert said(found)["n8888888"] == "not looked at"


def test_a_cluster_of_one_and_none_at_all() -> None:
    whole = build.own(0, "n0 10.0.0.10:6379@16379 myself,master - 0 0 1 connected 0-16383", ok=True)
    assert names(cluster(whole)) == [["redis-app-0"]]
    assert cluster(whole).well
    nobody = cluster(build.own(0), build.own(1))
    assert not nobody.well
    assert nobody.lost == ()
    assert [name for name, _ in nobody.outside] == ["redis-app-0", "redis-app-1"]
    assert text(build.own(0)).split("\n")[2:4] == ["no shard was seen", "redis-app-0: new"]


# How it is shown


def text(*pods: Pod, me: int = 0) -> str:
    snapshot, topology = build.snapshot(*pods), build.topology(me)
    found = shards.cluster(snapshot, topology)
    return cluster_table.as_text(found, snapshot, planning.plan(snapshot, topology), topology)


EXPECTED = """\
WAIT pod-down: redis-app-5 loads its data; a big data set takes minutes; it passes by itself. Clients are served. \
Of slots 5461-16383 there is one copy.

SLOTS        POD          ROLE     ADDRESS    HOST    ZONE  LINK  LAG  KEYS  STATE  NOTE
0-5460       redis-app-0  primary  10.0.0.10  host-a  z     -     -    7     ok
             redis-app-3  replica  10.0.0.13  -       -     up    50   7     ok
5461-10921   redis-app-1  primary  10.0.0.11  -       -     -     -    0     ok
             redis-app-4  replica  10.0.0.14  -       -     down  0    0     ok
10922-16383  redis-app-2  primary  10.0.0.12  -       -     -     -    0     ok
             redis-app-5  replica  10.0.0.15  -       -     -     -    -     -      loading: it is loading

seen by redis-app-1, whose phase is steady
    to do: it reads its data; how far is it?
        $ kubectl exec -n default redis-app-5 -c redis -- redis-cli INFO persistence
        loading_loaded_perc grows: wait"""


def test_the_table() -> None:
    place = "redis-app-0/host-a/z"
    pods = six(
        p0=own(0, offset=100, keys=7, cluster_announce_human_nodename=place),
        p3=own(3, offset=50, keys=7),
        p4=own(4, link=False),
        p5=build.pod(5, "loading"),
    )
    assert text(*pods, me=1) == EXPECTED


def test_what_is_being_done_and_waited_for_and_why_nothing_is() -> None:
    unnamed = build.own(0, build.all_lines(0), ok=True, cluster_announce_hostname="")
    assert "about to: redis-app-0: config-set cluster-announce-hostname=" in text(unnamed)
    syncing = own(3, link=False)
    assert "waiting for redis-app-3: the sync with its primary" in text(syncing, me=3)
    assert "BLOCKED not-cluster-mode\n" in text(build.pod(0, "not-cluster-mode"), own(3))


def test_json_says_the_same() -> None:
    pods = [*six(p3=own(3, offset=1), p5=build.pod(5, "loading")), build.own(6)]
    snapshot, topology = build.snapshot(*pods), build.topology(0)
    plan = planning.plan(snapshot, topology)
    found = json.loads(
        json.dumps(
            cluster_table.as_json(shards.cluster(snapshot, topology), snapshot, plan, topology)
        )
    )
    assert found.keys() == {
        "pod", "headline", "well", "shards", "lost_slots", "disputed_slots", "migrations", "progress", "may_go", "outside", "phase", "doing",
        "waiting", "blocked", "alarms",
    }  # fmt: skip
    assert (found["pod"], found["well"], found["phase"]) == ("redis-app-0", False, plan.phase)
    assert found["outside"] == [{"pod": "redis-app-6", "why": "new"}]
    assert (found["lost_slots"], found["disputed_slots"]) == ("none", "none")
    first, _, last = found["shards"]
    assert first["slots"] == "0-5460"
    assert first["primary"]["pod"] == "redis-app-0"
    assert first["replicas"] == [
        {
            "pod": "redis-app-3",
            "node_id": "n3",
            "address": "10.0.0.13",
            "host": None,
            "zone": None,
            "role": "replica",
            "link": "up",
            "lag": 0,
            "keys": 0,
            "state": "ok",
            "trouble": None,
        }
    ]
    assert last["replicas"][0]["trouble"] == "loading: it is loading"


def test_json_of_a_blocked_pod() -> None:
    snapshot = build.snapshot(build.pod(0, "not-cluster-mode"), own(3))
    topology = build.topology(0)
    plan = planning.plan(snapshot, topology)
    found = cluster_table.as_json(shards.cluster(snapshot, topology), snapshot, plan, topology)
    assert [block["code"] for block in found["blocked"]] == ["not-cluster-mode"]


def test_slots_that_a_new_node_claims_alone_are_not_in_dispute() -> None:
    """Beside a cluster; where it is the whole cluster its word is all there is."""
    given = scenario.read(scenario.FOLDER / "renewed-seed.txt")
    me = given.snapshot.pod(given.topology.name)
    assert me is not None
    assert me.view is not None
    assert me.view.myself.slots
    found = shards.cluster(given.snapshot, given.topology)
    assert found.disputed == ()
    assert me.name in dict(found.outside)
    alone = dataclasses.replace(given.snapshot, pods=(me,))
    assert [row.pod for one in shards.cluster(alone, given.topology).shards for row in one.rows]


# Empty primaries that are to get slots


def wished(wish: int | None, *more: str, lines: list[str] | None = None) -> shards.Cluster:
    """Six pods, an empty primary and its replica, while so many shards are wished."""
    snapshot = resharding.seen([*(lines or resharding.grown()), *more], wish=wish)
    return shards.cluster(snapshot, build.topology())


SEAT = ["redis-app-6", "redis-app-7"]


def test_an_empty_primary_that_is_to_get_slots_is_a_shard() -> None:
    found = wished(4)
    assert names(found) == [*LAYOUT, SEAT]
    assert [shard.waits for shard in found.shards] == [False, False, False, True]
    assert (found.lost, found.disputed, found.outside, found.well) == ((), (), (), False)


@pytest.mark.parametrize("wish", [3, 2])
def test_one_that_the_wish_does_not_need_stands_empty(wish: int) -> None:
    found = wished(wish)
    assert names(found) == [*LAYOUT, SEAT]
    assert [shard.waits for shard in found.shards] == [False] * 4
    assert found.outside == ()


def test_without_a_wish_there_are_none() -> None:
    snapshot = dataclasses.replace(resharding.seen(), wished=UNSTATED)
    assert names(shards.cluster(snapshot, build.topology())) == LAYOUT


def test_while_nothing_is_to_move_it_waits_for_a_number() -> None:
    snapshot, topology = resharding.seen(wish=None), build.topology()
    found = shards.cluster(snapshot, topology)
    assert names(found) == [*LAYOUT, SEAT]
    told = cluster_table.as_text(found, snapshot, planning.plan(snapshot, topology), topology)
    assert told.startswith(
        "ACT: redis-app-6 waits for slots, and hold is stated: state a number of shards to go on."
        " Clients are served."
    )


SEATED = """\
WAIT reshard: the shards are being changed, until redis-app-6 owns these slots; it passes by itself, usually \
within 8 s. Clients are served. Every slot has a second copy.

SLOTS        POD          ROLE     ADDRESS    HOST  ZONE  LINK  LAG  KEYS  STATE  NOTE
0-5460       redis-app-0  primary  10.0.0.10  -     -     -     -    0     ok
             redis-app-3  replica  10.0.0.13  -     -     up    0    0     ok
5461-10921   redis-app-1  primary  10.0.0.11  -     -     -     -    0     ok
             redis-app-4  replica  10.0.0.14  -     -     up    0    0     ok
10922-16383  redis-app-2  primary  10.0.0.12  -     -     -     -    0     ok
             redis-app-5  replica  10.0.0.15  -     -     up    0    0     ok
none         redis-app-6  primary  10.0.0.16  -     -     -     -    0     ok     waits for slots
             redis-app-7  replica  10.0.0.17  -     -     up    0    0     ok
progress: 4 shards wished, 3 own slots; redis-app-6 has 0 of 4096 slots (0 %); 4096 slots to move with about 0 keys (0 bytes)

seen by redis-app-0, whose phase is reshard
about to: redis-app-0: migrate-slots """


def test_the_table_shows_them_last() -> None:
    snapshot, topology = resharding.seen(), build.topology()
    plan, found = planning.plan(snapshot, topology), shards.cluster(snapshot, topology)
    assert cluster_table.as_text(found, snapshot, plan, topology).startswith(SEATED)
    told = cluster_table.as_json(found, snapshot, plan, topology)["shards"]
    assert [(one["slots"], one["waits_for_slots"]) for one in told][2:] == [
        ("10922-16383", False),
        ("none", True),
    ]
