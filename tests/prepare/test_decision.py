"""May a server found, join or restart? The table, and what must never happen, for all small cases."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator

import pytest

from bootstrap.prepare.decision import Code, Found, Join, Outcome, Refuse, Restart, Wait, decide
from bootstrap.prepare.roll import Founding, Listens, Roll, Runs, Silent, Stated, Volume, Word

PODS = ("db-0", "db-1", "db-2", "db-3", "db-4")
BLANK = Stated(volume=Volume.BLANK, nonce="n")
OLD = Stated(volume=Volume.HISTORY, nonce="o")
AWAY = Silent("no DNS name")
NEW_MEMBER = Runs(never_ran=True)
ALL = Founding(seed="db-0", nonces=(("db-0", "mine"), ("db-1", "mine"), ("db-2", "mine")))
TAKES_PART = dataclasses.replace(BLANK, nonce="mine", founding=ALL)
TOOK = dataclasses.replace(TAKES_PART, took=True)


def outcome(
    *words: Word,
    me: int = 0,
    volume: Volume = Volume.BLANK,
    nonce: str = "mine",
    founding: Founding | None = None,
) -> Outcome:
    """What the pod with this ordinal does, when it hears this of the others."""
    names = [name for place, name in enumerate(PODS[: len(words) + 1]) if place != me]
    peers = tuple(zip(names, words, strict=True))
    return decide(
        Roll(me=PODS[me], seed="db-0", volume=volume, nonce=nonce, founding=founding, peers=peers)
    )


@pytest.mark.parametrize("words", [(AWAY, AWAY), (BLANK, BLANK), (Runs(), OLD), ()])
def test_data_restart_and_no_pod_is_waited_for(words: tuple[Word, ...]) -> None:
    assert outcome(*words, volume=Volume.HISTORY) == Restart()


def test_the_seed_founds_once_all_are_blank_and_answers_until_all_have_noted_it() -> None:
    found = outcome(BLANK, BLANK)
    assert found == Found(
        founding=Founding(seed="db-0", nonces=(("db-0", "mine"), ("db-1", "n"), ("db-2", "n"))),
        awaited=("db-1", "db-2"),
    )
    assert outcome() == Found(founding=Founding(seed="db-0", nonces=(("db-0", "mine"),)))
    assert outcome(TAKES_PART, TOOK, founding=ALL) == Found(founding=ALL, awaited=("db-1",))
    assert outcome(TOOK, Listens(), founding=ALL) == Found(founding=ALL)


def test_the_others_take_part_when_the_seed_has_decided() -> None:
    assert outcome(BLANK, BLANK, me=1) == Wait(
        (("db-0", "its decision to found: all pods say that they are blank"),)
    )
    assert outcome(TAKES_PART, BLANK, me=1) == Found(founding=ALL)
    assert outcome(AWAY, AWAY, me=2, founding=ALL) == Found(founding=ALL), "noted before a kill"


def test_a_decision_is_for_the_volumes_that_took_part() -> None:
    """The pod's volume was lost after the decision, perhaps with data."""
    assert outcome(TAKES_PART, AWAY, me=1, nonce="another") == Wait((("db-2", "no DNS name"),))
    assert outcome(OLD, OLD, me=1, nonce="another", founding=ALL) == Wait(
        (
            ("db-0", "its volume has data, its server runs not yet"),
            ("db-2", "its volume has data, its server runs not yet"),
        )
    )


@pytest.mark.parametrize("me", [0, 1, 2])
def test_a_pod_that_was_not_heard_is_waited_for(me: int) -> None:
    waits = outcome(BLANK, AWAY, me=me)
    assert isinstance(waits, Wait)
    assert [why for _, why in waits.on] == ["no DNS name"]


@pytest.mark.parametrize("runs", [Runs(), Listens()])
def test_a_lost_volume_joins_a_majority_that_runs_without_it(runs: Word) -> None:
    assert outcome(runs, runs) == Join(by=("db-1", "db-2"))
    assert outcome(runs, AWAY) == Wait((("db-2", "no DNS name"),))
    assert outcome(runs, OLD) == Wait((("db-2", "its volume has data, its server runs not yet"),))
    assert outcome(runs) == Join(by=("db-1",)), "two pods have no majority without one of them"
    assert outcome(runs, runs, AWAY, AWAY) == Wait(
        (("db-3", "no DNS name"), ("db-4", "no DNS name"))
    )
    assert outcome(runs, runs, BLANK, AWAY) == Wait((("db-4", "no DNS name"),))
    assert outcome(runs, runs, BLANK, runs) == Join(by=("db-1", "db-2", "db-4"))


def test_a_listed_member_that_never_ran_needs_no_majority() -> None:
    assert outcome(NEW_MEMBER, AWAY, me=2) == Join(by=("db-0",), never_ran=True)


@pytest.mark.parametrize("survivor", [OLD, Runs(), Listens()])
def test_a_lost_majority_is_refused_with_the_survivors(survivor: Word) -> None:
    assert outcome(survivor, BLANK) == Refuse(
        Code.MAJORITY_LOST, survivors=("db-1",), blank=("db-0", "db-2")
    )
    refused = outcome(survivor, BLANK, survivor, BLANK)
    assert refused == Refuse(
        Code.MAJORITY_LOST, survivors=("db-1", "db-3"), blank=("db-0", "db-2", "db-4")
    )


WORDS: tuple[Word, ...] = (BLANK, OLD, Runs(), Listens(), AWAY)


def everything() -> Iterator[tuple[tuple[Word, ...], int]]:
    """All that three pods, or four, can hear of each other, without a decision that was made."""
    for others in (2, 3):
        for words in itertools.product(WORDS, repeat=others):
            yield from ((words, me) for me in range(others + 1))


def test_no_blank_pod_founds_beside_data_or_unheard_pods() -> None:
    for words, me in everything():
        found = outcome(*words, me=me)
        if isinstance(found, Found):
            assert me == 0
            assert all(word == BLANK for word in words)


def test_a_blank_pod_joins_only_with_each_acknowledged_write_at_hand() -> None:
    """A write was acknowledged by a majority. All majorities meet those that run, without ours."""
    for words, me in everything():
        found = outcome(*words, me=me)
        if not isinstance(found, Join):
            continue
        size, runs = len(words) + 1, {f"db-{one}" for one in range(5)} & set(found.by)
        assert PODS[me] not in runs
        for had in itertools.combinations(PODS[:size], size // 2 + 1):
            assert runs & set(had)


def test_a_wait_names_pods_and_only_those_that_lack_something() -> None:
    for words, me in everything():
        found = outcome(*words, me=me)
        if isinstance(found, Wait):
            assert found.on
            assert all(name != PODS[me] and why for name, why in found.on)
