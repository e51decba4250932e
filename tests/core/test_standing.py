"""The shards that there are, beside those that are wished: who gets slots, and who gives them."""

from __future__ import annotations

from bootstrap.model import slots
from bootstrap.model.snapshot import Pod
from bootstrap.plan.facts import Facts
from bootstrap.plan.reshard.seen_shards import standing
from bootstrap.plan.reshard.standing import LATER, Shard, Standing
from tests.core import build

Slots = slots.Ranges


def shards(lines: list[str], wish: int, *, wet: dict[int, int] | None = None) -> Standing:
    """How it stands where each pod of these lines answers; `wet`: keys by ordinal."""
    pods: list[Pod] = []
    for ordinal in range(len(lines)):
        mine = [
            line.replace(" master", " myself,master").replace(" slave", " myself,slave")
            if number == ordinal
            else line
            for number, line in enumerate(lines)
        ]
        keys = (wet or {}).get(ordinal, 0)
        follower = " slave" in lines[ordinal]
        pods.append(build.own(ordinal, mine, ok=True, link=follower, keys=keys))
    return standing(Facts(build.snapshot(*pods), build.topology()), wish)


def cluster(size: int, count: int, *, seats: int = 0) -> list[str]:
    """A formed cluster, and behind it empty primaries, each with a replica."""
    found = build.all_lines(-1, size, count)
    for _ in range(seats):
        seat = len(found)
        found += [build.line(seat), build.line(seat + 1, "slave", f"n{seat}")]
    return found


def names(some: tuple[Shard, ...]) -> list[str]:
    return [one.node_id for one in some]


def test_what_is_wished_is_so() -> None:
    found = shards(cluster(6, 3), 3)
    assert found.done
    assert names(found.keepers) == ["n0", "n1", "n2"]
    assert [one.replicas for one in found.owners] == [(3,), (4,), (5,)]
    assert (found.seats, found.drained, found.transfers, found.missing) == ((), (), (), 0)


def test_more_shards_need_a_seat_first() -> None:
    found = shards(cluster(6, 3), 4)
    assert (found.missing, found.transfers, found.done) == (1, (), False)


def test_a_seat_gets_its_share_of_each() -> None:
    found = shards(cluster(6, 3, seats=1), 4)
    assert names(found.seats) == ["n6"]
    assert names(found.keepers) == ["n0", "n1", "n2", "n6"]
    moves = [(one.source_id, one.target_id) for one in found.transfers]
    assert moves == [("n0", "n6"), ("n1", "n6"), ("n2", "n6")]


def test_nothing_moves_until_all_seats_are_there() -> None:
    """Else what moves to the first of two would move again."""
    found = shards(cluster(6, 3, seats=1), 5)
    assert (found.missing, found.transfers) == (1, ())
    assert len(shards(cluster(6, 3, seats=2), 5).transfers) > 0


def test_of_many_seats_the_first_are_filled() -> None:
    found = shards(cluster(6, 3, seats=3), 5)
    assert names(found.seats) == ["n6", "n8"]


def test_an_empty_primary_with_keys_is_no_seat() -> None:
    found = shards(cluster(6, 3, seats=1), 4, wet={6: 1})
    assert (found.seats, found.missing) == ((), 1)


def test_fewer_shards_drain_the_one_beyond() -> None:
    lines = cluster(8, 4)
    found = shards(lines, 3)
    # Pods 0 to 3 are primaries, 4 to 7 their replicas: n2's replica 6 and n3's replica 7 will go.
    assert names(found.drained) == ["n3"]
    assert {one.source_id for one in found.transfers} == {"n3"}
    assert sorted(one.target_id for one in found.transfers) == ["n0", "n1", "n2"]


def test_a_shard_whose_primary_will_go_is_drained_before_all_others() -> None:
    lines = cluster(6, 3, seats=1)
    spans = slots.share(4)
    for number, ordinal in enumerate((0, 1, 2, 6)):
        first, last = spans[number]
        lines[ordinal] = build.line(ordinal, slots=f"{first}-{last}")
    found = shards(lines, 3)
    assert names(found.drained) == ["n6"]
    assert [found.beyond(one) for one in (5, 6)] == [False, True]


def test_a_half_drained_shard_goes_on() -> None:
    lines = cluster(6, 3, seats=1)
    lines[2] = build.line(2, slots="10922-15000")
    lines[6] = build.line(6, slots="15001-16383")
    found = shards(lines, 3)
    assert names(found.drained) == ["n6"]
    assert sum(slots.count(one.ranges) for one in found.transfers) == 1383


def half_drained(*away: int, marked: frozenset[int] = frozenset((2, 6))) -> Standing:
    """Pod 2 is the primary of the shard that is drained, since its replica, pod 6, will go."""
    roles = {0: 3, 1: 4, 2: 6, 5: 7}
    spans = dict(zip(roles, slots.share(4), strict=True))
    lines = []
    for ordinal in range(8):
        if ordinal in roles:
            lines.append(build.line(ordinal, slots="{}-{}".format(*spans[ordinal])))
        else:
            (primary,) = (one for one, follower in roles.items() if follower == ordinal)
            lines.append(build.line(ordinal, "slave", f"n{primary}"))
    pods = []
    for ordinal in set(range(8)) - {*away}:
        own = lines[ordinal].replace(" master", " myself,master").replace(" slave", " myself,slave")
        mine = [own if number == ordinal else line for number, line in enumerate(lines)]
        more = {"cluster_allow_replica_migration": "no"} if ordinal in marked else {}
        name = f"redis-app-{ordinal}/-/-/3" + ("/empty" if ordinal in marked else "")
        more["cluster_announce_human_nodename"] = name
        pods.append(build.own(ordinal, mine, ok=True, link=" slave" in own, **more))
    pods += [build.pod(one, "refused") for one in away]
    return standing(Facts(build.snapshot(*pods), build.topology()), 3)


def test_a_drain_that_has_begun_goes_on_though_a_pod_is_away() -> None:
    assert names(half_drained().drained) == ["n2"]
    # The last of the shards that lose a pod, if nothing had begun.
    assert names(half_drained(marked=frozenset()).drained) == ["n5"]
    assert names(half_drained(6).drained) == ["n2"]
    assert names(half_drained(6, marked=frozenset()).drained) == ["n5"]
    # Either of its pods may have lost its mark with a restart.
    for left in (2, 6):
        assert names(half_drained(marked=frozenset({left})).drained) == ["n2"]


def test_a_replica_that_came_from_a_drained_shard_does_not_have_its_new_one_drained() -> None:
    """Pod 4 stays. It follows pod 1, and still has the mark of a shard that is empty by now."""
    assert names(half_drained(marked=frozenset({4})).drained) == ["n5"]


def test_a_drained_primary_beyond_is_a_seat_if_its_replica_is_needed() -> None:
    """Five shards became three, and four are wished: the new primary's role goes to pod 6."""
    lines = [*cluster(6, 3), build.line(6, "slave", "n8"), build.line(7, "slave", "n9"),
             build.line(8), build.line(9)]  # fmt: skip
    found = shards(lines, 4)
    assert (names(found.seats), found.missing) == (["n8"], 0)
    assert names(found.idle) == ["n9"]
    # Where new nodes are inside, these come first.
    more = [
        *cluster(6, 3),
        build.line(6),
        build.line(7, "slave", "n9"),
        build.line(8),
        build.line(9),
    ]
    assert names(shards(more, 4).seats) == ["n6"]


def test_an_owner_that_is_away_keeps_its_place() -> None:
    lines = cluster(6, 3)
    pods = [build.own(n, build.all_lines(n), ok=True, link=n > 2) for n in range(6) if n != 1]
    found = standing(Facts(build.snapshot(*pods, build.pod(1, "refused")), build.topology()), 3)
    assert names(found.owners) == ["n0", "n1", "n2"]
    assert len(lines) == 6


def test_a_replica_without_its_link_is_no_copy_yet() -> None:
    pods = [build.own(n, build.all_lines(n), ok=True, link=n in (3, 5)) for n in range(6)]
    found = standing(Facts(build.snapshot(*pods), build.topology()), 3)
    assert [one.replicas for one in found.owners] == [(3,), (), (5,)]


def test_the_ordinals_begin_elsewhere() -> None:
    topology = build.topology(ordinal_start=5, replicas_per_shard=2)
    found = Standing(topology=topology, wish=3, shards=())
    assert [found.beyond(one) for one in (13, 14)] == [False, True]
    assert (found.missing, found.done) == (3, False)


def test_an_owner_that_only_a_peer_knows_comes_last() -> None:
    lines = [line for line in build.all_lines(0) if not line.startswith("n2 ")]
    pods = [
        build.own(0, lines, ok=True),
        *(build.own(n, build.all_lines(n), ok=True) for n in (1, 3)),
    ]
    found = standing(Facts(build.snapshot(*pods), build.topology()), 3)
    assert [(one.node_id, one.ordinal) for one in found.owners] == [
        ("n0", 0),
        ("n1", 1),
        ("n2", LATER),
    ]
