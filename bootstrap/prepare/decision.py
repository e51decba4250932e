"""May our server found, join, or restart, or what has to happen first? Decides; does no I/O.

1. A volume with data restarts. No pod is waited for: the servers find each other.
2. Only the seed founds, and only if all expected pods say that their volumes are blank.
3. A blank pod joins a cluster that runs without it. The pods that run have to be more than half of
   all. So at least one of them has each write that was acknowledged, even if our volume was lost
   after it helped to acknowledge that write.
4. If too many pods are blank for such a majority, the data may be lost. That is refused.
5. A pod that was not heard is never taken for blank, nor for absent.

The seed's decision is noted on each volume before a server may start. A pod that dies on the way
finds the note, and continues. The note holds until its server may start: by then the server has
acknowledged nothing, and the pod may take part whatever the other pods have done meanwhile.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from bootstrap.prepare.roll import Founding, Listens, Roll, Runs, Silent, Stated, Volume, Word


class Code(enum.StrEnum):
    """Refusals; stable, the names of entries of the runbook."""

    MAJORITY_LOST = "majority-lost"
    """Half of the volumes or more are blank, and others have data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Our server founds, or takes part in the first formation."""

    founding: Founding
    awaited: tuple[str, ...] = ()
    """For the seed: the pods that have not noted its decision yet. It answers them until then."""


@dataclass(frozen=True, slots=True)
class Join:
    """Our server joins a cluster that runs, as a new or as a replaced member."""

    by: tuple[str, ...]
    """The pods whose servers run."""
    never_ran: bool = False
    """Whether our pod is listed already, and has never run."""


@dataclass(frozen=True, slots=True)
class Restart:
    """Our server starts with its data."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Our server must not start yet."""

    on: tuple[tuple[str, str], ...]
    """The pods that are waited for, each with what it lacks, in words."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Our server must not start, and a person has to act."""

    code: Code
    survivors: tuple[str, ...]
    """The pods that have data."""
    blank: tuple[str, ...]
    """The pods whose volumes are blank, ours too."""


Outcome = Found | Join | Restart | Wait | Refuse


def decide(roll: Roll) -> Outcome:
    """Return what our pod may do."""
    if roll.volume is Volume.HISTORY:
        return Restart()
    running = _names(roll, Runs, Listens)
    if any(isinstance(word, Runs) and word.never_ran for _, word in roll.peers):
        return Join(running, never_ran=True)
    founding = _founding(roll)
    if founding is not None:
        return Found(founding=founding, awaited=_late(roll))
    old = tuple(name for name, word in roll.peers if _has_data(word))
    if old:
        return _join(roll, running, old)
    return _first(roll)


def _founding(roll: Roll) -> Founding | None:
    """Return the first formation in which our volume, as it is, takes part; None: there is none."""
    known = [roll.founding, *(word.founding for _, word in roll.peers if isinstance(word, Stated))]
    ours = (roll.me, roll.nonce)
    return next((one for one in known if one is not None and ours in one.nonces), None)


def _late(roll: Roll) -> tuple[str, ...]:
    """Return the pods that have not noted our decision; empty unless our pod is the seed."""
    if roll.me != roll.seed:
        return ()
    done = (Runs, Listens)
    return tuple(
        name
        for name, word in roll.peers
        if not isinstance(word, done) and not (isinstance(word, Stated) and word.took)
    )


def _join(roll: Roll, running: tuple[str, ...], old: tuple[str, ...]) -> Outcome:
    """Join a cluster that exists, if more than half of its pods run without ours."""
    # Two pods have no majority without one of them: there the other one is enough.
    needed = min(roll.quorum, roll.size - 1)
    if len(running) >= needed:
        return Join(running)
    blank = tuple(
        name
        for name, word in roll.peers
        if isinstance(word, Stated) and word.volume is Volume.BLANK
    )
    if roll.size - 1 - len(blank) < needed:
        return Refuse(Code.MAJORITY_LOST, survivors=old, blank=(roll.me, *blank))
    return Wait(
        tuple((name, _lacks(word)) for name, word in roll.peers if name not in {*running, *blank})
    )


def _first(roll: Roll) -> Outcome:
    """Found, if all expected pods are blank; else wait for those that were not heard."""
    silent = tuple((name, word.why) for name, word in roll.peers if isinstance(word, Silent))
    if silent:
        return Wait(silent)
    if roll.me != roll.seed:
        return Wait(((roll.seed, "its decision to found: all pods say that they are blank"),))
    nonces = {name: word.nonce for name, word in roll.peers if isinstance(word, Stated)}
    founding = Founding(seed=roll.me, nonces=tuple(sorted({**nonces, roll.me: roll.nonce}.items())))
    return Found(founding=founding, awaited=_late(roll))


def _has_data(word: Word) -> bool:
    """Whether a pod shows that a cluster exists."""
    return isinstance(word, Runs | Listens) or (
        isinstance(word, Stated) and word.volume is Volume.HISTORY
    )


def _lacks(word: Word) -> str:
    return word.why if isinstance(word, Silent) else "its volume has data, its server runs not yet"


def _names(roll: Roll, *kinds: type[Word]) -> tuple[str, ...]:
    return tuple(name for name, word in roll.peers if isinstance(word, kinds))
