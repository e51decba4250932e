"""Which shard a pod without a role follows, where several would do."""

from __future__ import annotations

from bootstrap import plan as planning
from bootstrap.model.actions import Replicate
from bootstrap.model.snapshot import Pod
from bootstrap.plan.facts import Facts
from bootstrap.plan.formation import formation
from tests.core import build

SIZE, SHARDS, ME = 9, 3, 6
TOPOLOGY = build.topology(ME, SIZE, replicas_per_shard=2, host="a")


def host(ordinal: int) -> str:
    """So that no replica is laid out as its turn would have it: that primary is on its host."""
    return "abc"[ordinal % 3]


def peer(ordinal: int, lines: list[str]) -> Pod:
    name = f"redis-app-{ordinal}/{host(ordinal)}/-"
    return build.own(ordinal, lines, ok=True, cluster_announce_human_nodename=name, link=True)


def test_the_shard_of_the_layout_is_so_whoever_its_primary_is() -> None:
    """It has handed its role over; and each shard waits for a replica, as we do."""
    blank = [peer(ordinal, [build.blank(ordinal)]) for ordinal in range(SIZE)]
    laid_out = formation(Facts(build.snapshot(*blank), TOPOLOGY))
    assert laid_out is not None
    place = {one: laid_out.layout.primary_of(one) for one in range(SHARDS, SIZE)}
    replicas = {one: [n for n in place if place[n] == one and n != ME] for one in range(SHARDS)}
    shard = place.pop(ME)
    assert shard is not None
    (heir,) = replicas.pop(shard)
    roleless = {ME, *(some[-1] for some in replicas.values())}
    owner = {one: one for one in range(SHARDS)} | {shard: heir}

    def line(one: int, me: int) -> str:
        mine = "myself," * (one == me)
        first = place.get(one, one)
        if one in roleless:
            return build.line(one, f"{mine}master")
        assert first is not None
        if one != owner[first]:
            return build.line(one, f"{mine}slave", f"n{owner[first]}")
        slots = build.all_lines(0, SIZE, SHARDS)[first].rpartition(" ")[2]
        return build.line(one, f"{mine}master", slots=slots)

    pods = [peer(one, [line(other, one) for other in range(SIZE)]) for one in range(SIZE)]
    found = planning.plan(build.snapshot(*pods, idle=60.0), TOPOLOGY)
    (action,) = (one for step in found.steps for one in step.actions if isinstance(one, Replicate))
    assert action.primary == f"redis-app-{heir}"


def waiting(*hosts: str) -> list[Pod]:
    """Three shards on hosts a, b and c. The third has its replica; these pods have no role yet."""
    places = ["a", "b", "c", *hosts, "d"]
    roleless = [build.line(one) for one in range(3, len(places) - 1)]
    lines = [*build.all_lines(-1)[:3], *roleless, build.line(len(places) - 1, "slave", "n2")]
    pods = []
    for ordinal, place in enumerate(places):
        own = lines[ordinal].replace(" master", " myself,master").replace(" slave", " myself,slave")
        mine = [own if number == ordinal else line for number, line in enumerate(lines)]
        name = f"redis-app-{ordinal}/{place}/-"
        pods.append(build.own(ordinal, mine, link=True, cluster_announce_human_nodename=name))
    return pods


def followed(pods: list[Pod], me: int, host: str | None) -> str:
    found = planning.plan(
        build.snapshot(*pods, idle=60.0),
        build.topology(me, size=3, replicas_per_shard=1, host=host),
    )
    (action,) = (one for step in found.steps for one in step.actions if isinstance(one, Replicate))
    return action.primary


def test_none_takes_the_only_shard_that_another_can_follow() -> None:
    """Pod 4 can follow either shard, and its turn would be the one that pod 3 needs."""
    pods = waiting("a", "d")
    assert (followed(pods, 3, "a"), followed(pods, 4, "d")) == ("redis-app-1", "redis-app-0")


def test_one_more_than_shards_lack_goes_wherever_it_is_apart() -> None:
    pods = waiting("a", "b", "a")
    found = [followed(pods, me, host) for me, host in ((3, "a"), (4, "b"), (5, "a"))]
    assert (found[:2].count("redis-app-1"), found[:2].count("redis-app-0")) == (1, 1)
    assert found[2] != "redis-app-0"
