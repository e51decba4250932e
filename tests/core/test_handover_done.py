"""When a hand-over is done: both sides and a majority say so, and nothing less."""

from __future__ import annotations

import dataclasses

import pytest

from bootstrap.model.snapshot import Pod, Trouble
from bootstrap.plan.handover import PATIENCE
from bootstrap.plan.handover_run import Ended, Result, Run
from bootstrap.plan.verdict import Step
from tests.core import build, handing


def turned(*others: Pod, me: Pod | None = None, run: Run = handing.SENT) -> Step | Ended:
    return handing.decide(me or handing.own(0, handing.TURNED, mark=True), *others, run=run)


HEIR = handing.own(3, handing.TURNED)
PEERS = (handing.own(1, handing.TURNED), handing.own(2, handing.TURNED))
BEHIND = (handing.own(1), handing.own(2))


def test_done_when_both_sides_and_a_majority_say_so() -> None:
    text = handing.ended(turned(*PEERS, HEIR), Result.DONE)
    assert text == "redis-app-3 has taken over slots 0-5460; 3 of 3 primaries see it"
    text = handing.ended(turned(PEERS[0], BEHIND[1], HEIR), Result.DONE)
    assert "2 of 3 primaries" in text


def test_done_too_when_another_one_took_over() -> None:
    run = dataclasses.replace(handing.SENT, sent=("redis-app-9",))
    assert "redis-app-3 has" in handing.ended(turned(*PEERS, HEIR, run=run), Result.DONE)


def test_where_no_mark_can_be_borne_it_is_said_what_was_not_seen() -> None:
    pods = [handing.own(one, handing.TURNED, server=handing.OLD) for one in (1, 2, 3)]
    text = handing.ended(
        turned(*pods, me=handing.own(0, handing.TURNED, server=handing.OLD)), Result.DONE
    )
    assert "servers before 7.2 show no mark" in text


def test_not_done_before_a_majority_sees_it() -> None:
    found = handing.waits(turned(*BEHIND, HEIR))
    assert found == "a majority of the primaries sees that redis-app-3 has our slots"


HALF = [line.replace("0-5460", "0-5000") for line in handing.TURNED]
UNAWARE = [build.line(0, "slave", "n1"), *handing.TURNED[1:]]


@pytest.mark.parametrize(
    "heir",
    [handing.own(3), handing.cannot_mark(3), handing.own(3, HALF, ok=False)],
    ids=["it does not say so", "it is silent", "it has not all"],
)
def test_not_done_before_the_new_primary_says_so(heir: Pod) -> None:
    expected = "the new primary itself says that it owns our slots"
    assert handing.waits(turned(*PEERS, heir)) == expected


def test_what_the_new_primary_has_not_heard_of_us_yet_does_not_matter() -> None:
    """It hears it at the next ping, which may take seconds."""
    heir = handing.own(3, UNAWARE)
    assert "redis-app-3 has" in handing.ended(turned(*PEERS, heir), Result.DONE)
    loading = handing.cannot_mark(0, Trouble.LOADING)
    assert handing.waits(turned(*PEERS, heir, me=loading)).startswith("the new primary itself says")


def test_not_done_while_we_follow_somebody_else() -> None:
    mine = handing.own(0, [build.line(0, "slave", "n1"), *handing.TURNED[1:]])
    assert handing.waits(turned(*PEERS, HEIR, me=mine)).startswith("the new primary itself says")


def test_not_done_while_our_own_node_still_says_that_it_is_a_primary() -> None:
    """Whatever all others say: it may still take writes."""
    mine = handing.own(0, mark=True)
    assert (
        handing.waits(handing.decide(mine, *PEERS, HEIR, run=handing.SENT))
        == "redis-app-3 has taken over"
    )


def test_the_others_word_is_enough_when_our_own_node_cannot_be_asked() -> None:
    loading = handing.cannot_mark(0, Trouble.LOADING)
    assert "redis-app-3 has" in handing.ended(turned(*PEERS, HEIR, me=loading), Result.DONE)
    assert handing.waits(turned(*BEHIND, HEIR, me=loading)).startswith("a majority")
    late = dataclasses.replace(handing.SENT, seconds=handing.LATE)
    assert handing.waits(turned(*PEERS, handing.cannot_mark(3), me=loading, run=late)).startswith(
        "the new primary"
    )


@pytest.mark.parametrize("run", [Run(limit=20.0), handing.BEGUN], ids=["at first", "later"])
def test_our_own_node_is_waited_for_a_little(run: Run) -> None:
    now = dataclasses.replace(run, seconds=0.0)
    assert (
        handing.waits(handing.decide(handing.cannot_mark(0), run=now))
        == "our own Redis answers: it is timeout"
    )
    late = dataclasses.replace(run, seconds=PATIENCE)
    text = handing.ended(handing.decide(handing.cannot_mark(0), run=late), Result.FAILED)
    assert text == "our own Redis does not answer: it is timeout"
    nobody = dataclasses.replace(build.own(0), node=None)
    assert "not looked at" in handing.ended(handing.decide(nobody, run=late), Result.FAILED)
