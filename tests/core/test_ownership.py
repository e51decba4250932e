"""Who owns what by the words of all, and who may take the place of an owner that is gone."""

from __future__ import annotations

from bootstrap.model.snapshot import Pod
from bootstrap.plan import ownership
from bootstrap.plan.facts import Facts
from tests.core import build


def facts(*pods: Pod) -> Facts:
    return Facts(build.snapshot(*pods), build.topology(1))


def me(*instead: str) -> Pod:
    """Our node, n1 of a formed cluster, with some lines instead of those of the same id."""
    lines = {line.split()[0]: line for line in [*build.all_lines(1), *instead]}
    return build.own(1, list(lines.values()))


def owned(found: Facts) -> dict[str, tuple[tuple[int, int], ...]]:
    return {owner.member.node_id: tuple(owner.ranges) for owner in ownership.owners(found)}


def test_what_a_node_says_that_ours_does_not_know_is_of_another_cluster() -> None:
    ours = facts(me())
    lines = ["x9 10.0.0.99:6379@16379,redis-app-9 myself,master - 0 0 50 connected 0-16383"]
    stranger = build.pod(9, build.view(lines, cluster_announce_hostname=build.hostname(9)))
    assert owned(facts(me(), stranger)) == owned(ours)
    assert set(owned(ours)) == {"n0", "n1", "n2"}


GONE = build.line(3, "slave,fail", "n0")


def test_a_replica_that_lives_inherits() -> None:
    assert ownership.successors(facts(me()), "n0") == ["n3"]


def test_the_dead_inherit_nothing() -> None:
    assert ownership.successors(facts(me(GONE)), "n0") == []


def test_nor_do_ghosts() -> None:
    """The pod of n3 is another node by now; gossip goes on telling of n3 as if it lived."""
    reborn = build.own(3, build.blank(3).replace("n3 ", "n33 ", 1))
    assert ownership.successors(facts(me(), reborn), "n0") == []


def test_no_replica_is_elected_by_half_of_the_owners() -> None:
    assert ownership.majority(1, 3)
    assert not ownership.majority(1, 2)
    assert not ownership.majority(2, 4)


def test_slots_of_an_owner_that_is_away_are_told_as_far_as_no_newer_owner_has_them() -> None:
    """Our node has no word of n0's slots; n3 has, and n2 has taken some of them since."""
    ours = me(build.line(0, "master,fail"))
    heard = build.own(3, build.all_lines(3))
    newer = build.line(2, "myself,master", slots="0-99 10922-16383").replace(" 3 conn", " 9 conn")
    taken = build.own(2, [build.all_lines(2)[1], newer])
    found = ownership.remembered(facts(ours, taken, heard))
    assert {node_id: tuple(one.slots) for node_id, one in found.items()} == {"n0": ((100, 5460),)}
