"""`scale`: what would move for another number of shards, told by the planner itself."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from bootstrap import plan as planning
from bootstrap.model import human_name
from bootstrap.model.migration import State
from bootstrap.model.snapshot import Pod, Snapshot
from bootstrap.model.topology import Topology
from bootstrap.model.wish import UNSTATED, Wish, Wished
from bootstrap.plan.facts import Facts
from bootstrap.plan.reshard.outlook import Outlook, outlook, stated
from bootstrap.plan.verdict import LookFurther, Plan
from bootstrap.show import outlook as words
from tests.core import build, resharding
from tests.core.resharding import changed, grown, job, memory, pod

MIB = 1 << 20
NONE = ""
"""Of a pod: it shows no wish."""


def seen(some: list[str], *, wish: str = NONE, size: int = 8 * MIB, **more: Any) -> Snapshot:
    """A look at all while such a wish is shown. Each owner has 8192 keys, and as many bytes."""
    pods = [pod(some, ordinal, wish, **more) for ordinal in range(len(some))]
    pods = [
        changed(one, keys=8192, writing=memory(0, 0, size))
        if one.view and one.view.myself.slots
        else one
        for one in pods
    ]
    found = Wished(wish=Wish(int(wish))) if wish else UNSTATED
    return build.snapshot(*pods, wished=found)


def asked(
    snapshot: Snapshot, shards: int, topology: Topology | None = None
) -> tuple[Facts, Outlook]:
    """What the planner says if so many shards were wished; keys are counted where it asks."""
    topology = topology or build.topology()
    told = stated(snapshot, shards)
    found = planning.decide(told, topology)
    if isinstance(found, LookFurther):
        told = dataclasses.replace(told, counted=(found.counting, 0))
        found = planning.decide(told, topology)
    assert isinstance(found, Plan)
    facts = Facts(told, topology)
    return facts, outlook(facts, found, shards)


def text(snapshot: Snapshot, shards: int, **more: Any) -> str:
    return words.as_text(*asked(snapshot, shards, build.topology(**more)))


GROWS = """\
4 shards: 4096 of 16384 slots would move with about 6,140 keys (6.0 MiB); 3 own slots now. Nothing was changed.

FROM         TO           SLOTS  KEYS   SIZE     WHICH
redis-app-0  redis-app-6  1365   2,050  2.0 MiB  4096-5460
redis-app-1  redis-app-6  1365   2,050  2.0 MiB  9557-10921
redis-app-2  redis-app-6  1366   2,050  2.0 MiB  15018-16383
KEYS and SIZE are estimates: what the source has, by the share of its slots.
3 hand-offs: each stops all writes to its source, as measured for less than 0.25 s. Reads go on.
About 1 s to 6 s once nothing stands in the way, if it goes as on a machine of 2 cores, where 250,000 keys of 100 bytes \
took 0.4 s to 0.5 s, those of 1 KB 1.1 s, and the sidecars 1 s to 3 s between two moves.

to become primaries with slots: redis-app-6
not there yet, and needed: redis-app-6, redis-app-7
in the way now: new pods

to state this wish:
    to do: state the wish by the variable; the pods roll once
        $ kubectl set env -n default statefulset/redis-app -c bootstrap BOOTSTRAP_SHARDS=4
        if a kustomization or a chart makes the StatefulSet, set it there too
    to do: or, without a roll at each change: mount a ConfigMap that holds the number into the container bootstrap, and \
name its file in BOOTSTRAP_SHARDS_FILE (docs/operations.md, More shards)
    to do: add the pods that are missing (redis-app-6, redis-app-7)
        $ kubectl scale statefulset -n default redis-app --replicas=8
        if a kustomization or a chart sets the number of replicas, set it there too"""


def test_three_shards_that_are_to_become_four() -> None:
    assert text(seen(build.all_lines(-1)), 4) == GROWS


def test_of_many_moves_the_first_are_listed() -> None:
    facts, found = asked(seen(build.all_lines(-1)), 1024)
    told = words.as_text(facts, found)
    assert told.startswith("1024 shards: 16336 of 16384 slots would move")
    many = len(words.as_json(facts, found)["moves"])
    assert many > 1000
    assert f"\nand {many - 30} more\nKEYS" in told


def test_a_seat_that_is_there_needs_no_more_pods() -> None:
    facts, found = asked(seen(grown(), wish="4"), 4)
    assert (found.primaries, found.missing, found.replicas) == (("redis-app-6",), (), None)
    assert (found.waits, found.blocks, found.slots) == ((), (), 4096)
    assert "\nnothing in the way\n" in words.as_text(facts, found)


SHRINKS = """\
3 shards: 4096 of 16384 slots would move with about 8,190 keys (8.0 MiB); 4 own slots now. Nothing was changed.

FROM         TO           SLOTS  KEYS   SIZE     WHICH
redis-app-3  redis-app-0  1366   2,730  2.7 MiB  15018-16383
redis-app-3  redis-app-1  1365   2,730  2.7 MiB  13653-15017
redis-app-3  redis-app-2  1365   2,730  2.7 MiB  12288-13652
"""


def test_four_shards_that_are_to_become_three() -> None:
    lines = build.all_lines(-1, 8, 4)
    told = text(seen(lines, wish="4"), 3, size=8, wish_file="/etc/bootstrap/shards")
    assert told.startswith(SHRINKS)
    assert "\nto give all slots away: redis-app-3\nnot needed, so they may go once `status`" in told
    assert "exits with 0: redis-app-6, redis-app-7\nnothing in the way\n" in told
    assert "kubectl scale" not in told


def test_what_is_so_already_needs_no_move() -> None:
    facts, found = asked(seen(build.all_lines(-1), wish="3"), 3)
    assert words.as_text(facts, found).startswith(
        "3 shards: no slot would move; 3 own slots now. Nothing was changed.\n\nnothing in the way\n"
    )
    assert (found.handoffs, found.waits, found.blocks) == (0, (), ())


def test_a_replica_that_is_in_the_way_of_a_new_primary_needs_an_empty_volume() -> None:
    lines = [*build.all_lines(-1), build.line(6, "slave", "n0"), build.line(7, "slave", "n1")]
    facts, found = asked(seen(lines), 4)
    assert (found.primaries, found.refill) == (("redis-app-7",), ("redis-app-7",))
    assert (found.missing, found.replicas) == ((), None)
    told = words.as_text(facts, found)
    assert "replicas now, and to come back with an empty volume first: redis-app-7\n" in told
    assert "in the way now: new pods\n" in told


def test_how_a_file_is_changed() -> None:
    told = text(seen(grown(), wish="3"), 4, wish_file="/etc/bootstrap/shards")
    assert "which ConfigMap is mounted as /etc/bootstrap/shards in the container bootstrap?" in told
    patch = (
        """kubectl patch configmap -n default CONFIGMAP --type merge -p '{"data":{"shards":"4"}}'"""
    )
    assert f"$ {patch}\n" in told
    assert "BOOTSTRAP_SHARDS=" not in told


def test_where_the_variable_is_in_use_the_file_is_not_told() -> None:
    told = text(seen(grown(), wish="3"), 4, wish=Wish(3))
    assert "BOOTSTRAP_SHARDS=4" in told
    assert "ConfigMap" not in told


# What stands in the way


def waiting(snapshot: Snapshot, shards: int = 4) -> list[str]:
    facts, found = asked(snapshot, shards)
    told = [one.text for one in found.waits]
    assert all(f"in the way now: {one}" in words.as_text(facts, found) for one in told)
    return told


def replaced(snapshot: Snapshot, new: Pod) -> Snapshot:
    pods = tuple(new if one.ordinal == new.ordinal else one for one in snapshot.pods)
    return dataclasses.replace(snapshot, pods=pods)


def test_a_target_without_its_replica_is_told_by_name() -> None:
    lonely = replaced(seen(grown()), pod(grown(), 7, NONE, link=False))
    told = ["redis-app-6: its replicas, before it gets slots: 0 of 1 are linked"]
    assert waiting(lonely) == told


def test_an_owner_that_is_away_is_told_also_while_pods_are_missing() -> None:
    lines = build.all_lines(-1)
    away = replaced(seen(lines), build.pod(1, "timeout"))
    assert waiting(away)[0].startswith("redis-app-1: ")
    ill = replaced(seen(lines), pod(lines, 1, NONE, ok=False))
    assert "redis-app-1: its cluster_state to be ok" in waiting(ill)


def test_memory_that_is_too_small_is_told() -> None:
    found = seen(grown())
    (seat,) = [one for one in found.pods if one.ordinal == 6]
    full = changed(seat, writing=memory(0, 4 * MIB))
    # Two MiB would come from each source: each fits alone, by 0.9 of four MiB.
    assert waiting(replaced(found, full)) == []
    told = waiting(replaced(found, changed(seat, writing=memory(2 * MIB, 4 * MIB))))
    assert len(told) == 3
    assert told[0].startswith("redis-app-6: memory: 2097152 of 4194304 bytes are used there")


def test_a_move_that_runs_comes_first() -> None:
    found = seen(grown(), wish="4")
    (first,) = [one for one in found.pods if one.ordinal == 0]
    running = replaced(found, changed(first, migrations=(job(),)))
    assert waiting(running, 5) == ["redis-app-6: slots 4096-5460 to come from redis-app-0"]


def test_what_our_own_sidecar_does_first_is_told() -> None:
    unnamed = replaced(seen(grown()), pod(grown(), 0, NONE, cluster_announce_hostname=""))
    (told,) = waiting(unnamed)
    assert told.startswith("redis-app-0: ")


@pytest.mark.parametrize(
    ("shards", "server", "code", "fix"),
    [(2, build.NEWEST, "wish-too-small", "BOOTSTRAP_ALLOW_FEWER_SHARDS"),
     (4, "valkey-8.1", "move-unsupported", "upgrade the servers")],
)  # fmt: skip
def test_what_would_be_refused_is_told(shards: int, server: str, code: str, fix: str) -> None:
    facts, found = asked(seen(build.all_lines(-1), server=server), shards)
    told = words.as_text(facts, found)
    assert f"\nBLOCKED {code}: " in told
    assert fix in told.partition("to state this wish")[2]
    (block,) = words.as_json(facts, found)["blocked"]
    assert block["code"] == code


def test_servers_that_cannot_are_told_the_command_by_hand_once_the_seat_is_there() -> None:
    facts, found = asked(seen(grown(), server="valkey-8.1"), 4)
    assert "--cluster-to n6" in words.as_text(facts, found)


def test_servers_of_two_kinds_are_refused() -> None:
    mixed = replaced(seen(grown()), resharding.redis(pod(grown(), 1, NONE)))
    _, found = asked(mixed, 4)
    assert [one.code for one in found.blocks] == ["move-unsupported"]


# How long it takes


def test_the_pace_of_this_cluster_counts_more() -> None:
    found = seen(grown(), wish="4")
    (first,) = [one for one in found.pods if one.ordinal == 0]
    ended = job(State.DONE, seconds=60.0, took=5.0)
    facts, told = asked(replaced(found, changed(first, migrations=(ended,))), 4)
    assert told.paced
    # 1365 slots took 5 s, so 4096 take 15 s, and the sidecars 3 s to 9 s.
    assert "About 16 s to 21 s once nothing stands in the way, at the pace of" in words.as_text(
        facts, told
    )


def test_big_moves_are_cut_and_each_part_has_its_hand_off() -> None:
    facts, found = asked(seen(grown(), size=12 << 30), 4)
    assert found.handoffs == 10
    assert "10 hand-offs: " in words.as_text(facts, found)
    assert found.seconds is not None
    assert found.seconds[1] > 60


def test_a_source_that_was_not_read_leaves_the_time_out() -> None:
    away = replaced(seen(grown()), build.pod(1, "timeout"))
    facts, found = asked(away, 4)
    told = words.as_text(facts, found)
    assert "How long it takes is not known: not every source was read." in told
    assert "redis-app-1  redis-app-6  1365   -      -        9557-10921" in told
    assert told.startswith("4 shards: 4096 of 16384 slots would move; 3 own slots now.")


def test_json_says_the_same() -> None:
    facts, found = asked(seen(build.all_lines(-1)), 4)
    told = json.loads(json.dumps(words.as_json(facts, found)))
    assert told.pop("moves")[0] == {
        "source": "redis-app-0",
        "target": "redis-app-6",
        "slots": "4096-5460",
        "keys": 2047,
        "bytes": 2096767,
    }
    assert [one["what"].partition(" ")[0] for one in told.pop("todo")] == ["state", "or,", "add"]
    assert told == {
        "pod": "redis-app-0",
        "shards": 4,
        "shards_with_slots": 3,
        "slots_to_move": 4096,
        "keys": 6142,
        "bytes": 6291453,
        "hand_offs": 3,
        "pause_seconds": 0.25,
        "seconds": [0.6, 6.0],
        "seconds_measured_here": False,
        "new_primaries": ["redis-app-6"],
        "missing": ["redis-app-6", "redis-app-7"],
        "replicas_needed": 8,
        "empty_volume_needed": [],
        "drained": [],
        "not_needed": [],
        "waiting": [],
        "blocked": [],
    }
    unread = words.as_json(*asked(replaced(seen(grown()), build.pod(1, "timeout")), 4))
    assert unread["seconds"] is None


# As if all nodes showed the wish


def test_a_mark_of_a_hand_over_stays() -> None:
    view = pod(grown(), 0, "3/handover").view
    assert view is not None
    shown = human_name.showing(view, Wish(4))
    assert shown.setting(human_name.SETTING) == "redis-app-0/-/-/4/handover"


def test_a_server_without_such_a_name_is_left_as_it_is() -> None:
    view = build.view(build.all_lines(0), server="redis-7.0")
    assert human_name.showing(view, Wish(4)) is view


def test_a_pod_that_does_not_answer_is_left_as_it_is() -> None:
    away = build.snapshot(build.own(0), build.pod(1, "timeout"))
    assert stated(away, 4).pods[1] == away.pods[1]
