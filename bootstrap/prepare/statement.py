"""What a pod's init container tells the others, as JSON over HTTP, and how the others read it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from bootstrap.prepare import note
from bootstrap.prepare.roll import Founding, Stated, Volume

PATH = "/statement"
"""The path at which an init container tells it."""


class OtherPodError(Exception):
    """Another pod answers at the address, or another system. The message says which."""


class NoStatementError(Exception):
    """The answer is no statement. The message says what it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """Which pod speaks, of which system. Two sets may have pods of one name."""

    pod: str
    """The pod's DNS name, which holds its Service and its namespace."""
    system: str
    """BOOTSTRAP_SYSTEM."""


def text(speaker: Speaker, said: Stated) -> str:
    """Return the statement as JSON."""
    founding = said.founding
    return json.dumps(
        {
            "pod": speaker.pod,
            "system": speaker.system,
            "volume": said.volume,
            "nonce": said.nonce,
            "founding": founding and {"seed": founding.seed, "nonces": founding.nonces},
            "took": said.took,
        }
    )


def parse(answer: str, expected: Speaker) -> Stated:
    """Return what the expected pod states.

    Raises:
        OtherPodError: if another pod speaks. Its volume says nothing about the expected one's.
        NoStatementError: if the answer is something else.

    """
    try:
        said = json.loads(answer)
        speaker = Speaker(pod=str(said["pod"]), system=str(said["system"]))
        founding: Founding | None = said["founding"] and note.founding_of(said["founding"])
        nonce, took = said["nonce"], said["took"]
        volume = Volume(said["volume"])
    except (KeyError, TypeError, ValueError):
        raise NoStatementError(f"not a statement: {answer[:80]!r}") from None
    if speaker != expected:
        raise OtherPodError(f"{speaker.pod} ({speaker.system}) answers at its address")
    if not isinstance(nonce, str) or not nonce or not isinstance(took, bool):
        raise NoStatementError(f"not a statement: {answer[:80]!r}")
    return Stated(volume=volume, nonce=nonce, founding=founding, took=took)
