"""Which question comes when: fresh ones only, and none too late."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterable, Iterator

import pytest

from bootstrap.dns import questions, schedule
from tests.discovery.support import LONGEST, SERVICE, TICK, WINDOW, Clock, pod

WANTED = (pod(0),)


@pytest.fixture
def pace(clock: Clock) -> schedule.Pace:
    return schedule.Pace(SERVICE, ("A",), clock=clock, wall=clock)


def turns(
    pace: schedule.Pace, clock: Clock, seconds: float
) -> Iterator[tuple[float, questions.Question]]:
    """Ask whenever it is due, of a cache that remembers for 30 s, and of which nobody else asks."""
    end = clock.now + seconds
    while clock.now < end:
        for question in pace.take(WANTED):
            yield clock.now, question
            pace.answered(question, held=30, at_first=30)
        clock.now += max(pace.due(WANTED), TICK)


def longest_gap(asked: Iterable[float]) -> float:
    return max(later - sooner for sooner, later in itertools.pairwise(asked))


@pytest.mark.parametrize("start", range(48))
def test_no_look_is_late_wherever_the_round_begins(
    pace: schedule.Pace, clock: Clock, start: int
) -> None:
    clock.now += start * WINDOW / 2
    asked = list(turns(pace, clock, 100))
    assert longest_gap(now for now, _ in asked) <= LONGEST + 2 * TICK
    last: dict[questions.Question, float] = {}
    for now, question in asked:
        assert now - last.get(question, 0) >= 30
        last[question] = now
    assert len(last) == 16
    # The service's addresses do not tell who it is, so the others must be close enough alone.
    named = [now for now, question in asked if question != questions.Question(SERVICE, "A")]
    assert longest_gap(named) <= 3 * WINDOW


@pytest.mark.parametrize("held", [0, 5, 30])
@pytest.mark.parametrize("rest", [0.0, 1.6, 6.0, 11.0, 31.0])
def test_who_looks_now_and_then_is_never_too_early(held: int, rest: float) -> None:
    """A loop looks when it looks, and anywhere in a window after a rest."""
    window = max(held, 5) / 22
    for number in range(100):
        chance, clock = random.Random(number), Clock()
        clock.now += chance.uniform(0, 60)
        pace = schedule.Pace(SERVICE, ("A",), clock=clock, wall=clock)
        # Until one round is over, a form may have been asked while the windows were still longer.
        known = clock.now + 6
        for seconds in (25.0, 5.0 + 2.0 * held):
            asked, end = [clock.now], clock.now + seconds
            while clock.now < end:
                for question in pace.take(WANTED):
                    asked.append(clock.now)
                    pace.answered(question, held=held, at_first=held)
                clock.now += chance.uniform(0.1, 0.16)
            for sooner, later in itertools.pairwise([*asked, end]):
                late = later - sooner > 2 * window + 0.2 + 0.16
                assert not late or sooner < known, f"chance {number}"
            clock.now += rest


@pytest.mark.parametrize("denied", [True, False])
def test_who_shares_a_cache_is_not_kept_back_by_what_the_others_asked(*, denied: bool) -> None:
    """Six pods that begin at different times, and a name that comes meanwhile, or moves.

    A denial out of a cache says how long it was to be remembered, a record only what is left.
    """
    for number in range(60):
        chance, clock = random.Random(number), Clock()
        comes = clock.now + chance.uniform(21, 70)
        cache: dict[questions.Question, tuple[float, bool]] = {}
        paces = [schedule.Pace(SERVICE, ("A",), clock=clock, wall=clock) for _ in range(6)]
        for pace in paces:
            # Each has looked for another pod before, and found it in the cache.
            (another,) = pace.fresh([questions.Question(pod(9), "A")])
            left = chance.randint(1, 30)
            pace.answered(another, held=left, at_first=left)
        looking = [(clock.now + chance.uniform(0, 20), pace) for pace in paces]
        while looking:
            looking.sort(key=lambda one: -one[0])
            clock.now, pace = looking.pop()
            found = False
            for question in pace.take(WANTED):
                if cache.get(question, (0.0, False))[0] <= clock.now:
                    cache[question] = (clock.now + 30, clock.now >= comes)
                until, exists = cache[question]
                held = math.ceil(until - clock.now)
                pace.answered(question, held=held, at_first=30 if denied else held)
                found = exists and (question.name, question.type) != (SERVICE, "A")
            for question in pace.again(WANTED):
                until, exists = cache[question]
                assert until > clock.now, "it would fill the cache anew"
                left = math.ceil(until - clock.now)
                pace.answered(question, held=left, at_first=30 if denied else left)
            assert clock.now <= comes + LONGEST + 2 * 0.16, f"chance {number}"
            if not found:
                looking.append((clock.now + chance.uniform(0.1, 0.16), pace))


@pytest.mark.parametrize("denied", [True, False])
def test_who_shares_a_cache_and_wants_many_is_not_kept_back_either(*, denied: bool) -> None:
    """The list of all pods is asked for besides at first, which may cost it one later turn."""
    wanted, later = tuple(map(pod, range(schedule.FEW + 1))), 0
    for number in range(60):
        chance, clock = random.Random(number), Clock()
        comes = clock.now + chance.uniform(21, 70)
        cache: dict[questions.Question, tuple[float, bool]] = {}
        looking = [
            (
                clock.now + chance.uniform(0, 20),
                schedule.Pace(SERVICE, ("A",), clock=clock, wall=clock),
            )
            for _ in range(6)
        ]
        while looking:
            looking.sort(key=lambda one: -one[0])
            clock.now, pace = looking.pop()
            taken, found = pace.take(wanted), False
            listing = pace.listing(taken) if taken else None
            for question in [*([listing] if listing else []), *taken]:
                if cache.get(question, (0.0, False))[0] <= clock.now:
                    cache[question] = (clock.now + 30, clock.now >= comes)
                until, exists = cache[question]
                held = math.ceil(until - clock.now)
                pace.answered(question, held=held, at_first=30 if denied else held)
                found |= exists and (question.name, question.type) != (SERVICE, "A")
            for question in pace.again(wanted):
                until, exists = cache[question]
                assert until > clock.now, "it would fill the cache anew"
                left = math.ceil(until - clock.now)
                pace.answered(question, held=left, at_first=30 if denied else left)
            late = clock.now - comes - 2 * 0.16
            assert late <= 2 * LONGEST, f"chance {number}"
            later += late > LONGEST
            if not found:
                looking.append((clock.now + chance.uniform(0.1, 0.16), pace))
    assert later <= 6 * 60 // 20


@pytest.mark.parametrize("rest", [6.0, 10.7, 22.49, 33.3, 44.98, 1234.5])
def test_after_a_rest_the_next_look_is_at_once(
    pace: schedule.Pace, clock: Clock, rest: float
) -> None:
    list(turns(pace, clock, 20))
    clock.now += rest
    assert pace.due(WANTED) == 0
    assert longest_gap(now for now, _ in turns(pace, clock, 65)) <= LONGEST + 2 * TICK


def test_the_wall_clock_may_be_set_back(clock: Clock) -> None:
    wall = Clock()
    pace = schedule.Pace(SERVICE, ("A",), clock=clock, wall=wall)
    for hours in (0, 1):
        wall.now -= hours * 3600
        clock.now += 40 * hours
        asked = list(turns(pace, clock, 40))
        assert longest_gap(now for now, _ in asked) <= LONGEST + 2 * TICK
        # After a rest the next look goes by it, as those of everybody else do.
        assert asked[0][1] == schedule.Pace(SERVICE, ("A",), clock=clock, wall=wall).take(WANTED)[0]


def test_the_wall_clock_may_be_set_back_by_just_the_time_of_a_rest(clock: Clock) -> None:
    wall = Clock()
    pace = schedule.Pace(SERVICE, ("A",), clock=clock, wall=wall)
    assert pace.take(WANTED)
    clock.now += 40
    assert pace.due(WANTED) == 0


def test_who_wants_nobody_waits_where_pods_have_their_turn(
    pace: schedule.Pace, clock: Clock
) -> None:
    clock.now += LONGEST + TICK
    assert pace.take(()) == []
    assert pace.due(()) == pytest.approx(LONGEST, abs=2 * TICK)


def test_what_is_forgotten_soon_does_not_hasten_who_has_seen_the_other(
    pace: schedule.Pace, clock: Clock
) -> None:
    """A record out of a cache is forgotten soon too, and its cache is one that holds for long."""
    for held in (30, 3):
        pace.answered(*pace.take(WANTED), held=held, at_first=held)
        clock.now += LONGEST + TICK
    assert pace.take(WANTED) != []
    assert pace.due(WANTED) > 1


def test_a_fresh_start_is_due_at_once_and_asks_one_form(pace: schedule.Pace) -> None:
    assert pace.due(()) == 0
    assert pace.due(WANTED) == 0
    assert pace.take(WANTED) == [questions.Question(SERVICE, "SRV", do=True)]
    assert pace.due(WANTED) > 0
    assert pace.take(WANTED) == []


def test_an_old_answer_is_asked_for_again_once_it_is_forgotten(
    pace: schedule.Pace, clock: Clock
) -> None:
    """Another asker's answer was remembered when we came."""
    (question,) = pace.take(WANTED)
    pace.answered(question, held=0.7, at_first=30)
    assert pace.due(WANTED) == pytest.approx(0.7)
    clock.now += 0.7
    assert pace.take(WANTED) == [question]
    pace.answered(question, held=30, at_first=30)
    assert pace.due(WANTED) == pytest.approx(LONGEST - 0.7, abs=0.01)


def test_what_is_remembered_throughout_its_window_is_passed_over(
    pace: schedule.Pace, clock: Clock
) -> None:
    pace.answered(*pace.take(WANTED), held=30, at_first=30)
    clock.now += LONGEST + TICK  # The pods' addresses have their turn.
    held = questions.Question(pod(0), "A", do=True)
    assert pace.fresh([held]) == [held]
    pace.answered(held, held=29, at_first=30)
    assert pace.due(WANTED) == pytest.approx(LONGEST, abs=2 * TICK)
    # It keeps nobody else waiting.
    assert pace.due((pod(0), pod(1))) == 0
    assert pace.take((pod(0), pod(1))) == [questions.Question(pod(1), "A", do=True)]


def test_a_second_cache_that_forgets_sooner_does_not_hasten_us(
    pace: schedule.Pace, clock: Clock
) -> None:
    """NodeLocal DNSCache cuts a denial to 5 s, and the cluster's DNS remembers it for 30."""
    for _ in range(10):
        for question in pace.take(WANTED):
            pace.answered(question, held=5, at_first=30)
        clock.now += pace.due(WANTED) + TICK
    assert clock.now - Clock.now >= 10 * WINDOW


def test_failures_do_not_hasten_us(pace: schedule.Pace, clock: Clock) -> None:
    for _ in range(10):
        for question in pace.take(WANTED):
            pace.failed(question, held=0)
        clock.now += pace.due(WANTED) + TICK
    assert clock.now - Clock.now >= 10 * WINDOW


def test_a_failure_is_held_as_long_as_it_says(pace: schedule.Pace, clock: Clock) -> None:
    question = questions.Question(pod(0), "A")
    pace.failed(question, held=5)
    clock.now += 4.9
    assert pace.fresh([question]) == []
    clock.now += 0.1
    assert pace.fresh([question]) == [question]
    # Asked, and not answered yet: for who asks meanwhile it is not fresh.
    assert pace.fresh([question]) == []
