"""The roll call: what each expected pod says of its volume, or what its server shows."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Volume(enum.StrEnum):
    """What a pod's data volume holds."""

    BLANK = "blank"
    """No data: a new volume, or one that replaced a lost one. The two look the same."""
    HISTORY = "history"
    """The data of a server that has run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Founding:
    """The first formation, as the seed decided it."""

    seed: str
    """The name of the pod that decided it."""
    nonces: tuple[tuple[str, str], ...]
    """The pods that were blank then, each with the random text that marks its volume; sorted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """The pod's init container answers: the pod's server does not run."""

    volume: Volume
    nonce: str
    """The random text that marks the volume. A volume that was lost comes back with another, and so
    does one that is blank although its server was allowed to start."""
    founding: Founding | None = None
    """The first formation of which this pod knows, if its server has not run since."""
    took: bool = False
    """For the seed: whether this pod has noted the seed's decision on its volume."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """The pod's server answers in its own protocol, which proves which server it is."""

    never_ran: bool = False
    """Whether it lists our pod as a member that has never run, so that our pod has lost nothing."""


@dataclass(frozen=True, slots=True)
class Listens:
    """The pod's server takes connections. The address may be stale, so this never proves much."""


@dataclass(frozen=True, slots=True)
class Silent:
    """Nothing was heard of the pod."""

    why: str
    """What was tried and seen."""


Word = Stated | Runs | Listens | Silent


@dataclass(frozen=True, slots=True, kw_only=True)
class Roll:
    """All that the decision depends on."""

    me: str
    """The name of our pod."""
    seed: str
    """The name of the only pod that may found."""
    volume: Volume
    nonce: str
    founding: Founding | None
    """The first formation that is noted on our volume. None once our server was allowed to start:
    if the volume is blank after that, it may have lost data."""
    peers: tuple[tuple[str, Word], ...]
    """The other expected pods by name, in the order of their ordinals."""

    @property
    def size(self) -> int:
        """The number of expected pods."""
        return len(self.peers) + 1

    @property
    def quorum(self) -> int:
        """The least number of pods that are more than half of all."""
        return self.size // 2 + 1
