"""The questions that tell where a service's pods are: sixteen forms, and their order.

CoreDNS keys its cache by name, type, and the bits DO and CD. So a question of another form may get
a fresh answer while a cache holds the answer to the first.
"""

from __future__ import annotations

import dataclasses
from typing import Final, Literal, TypeAlias

Type: TypeAlias = Literal["A", "AAAA", "SRV"]
AddressType: TypeAlias = Literal["A", "AAAA"]
About: TypeAlias = Literal["service", "pods"]
"""Whether the headless Service's name is asked for, or each pod's own name."""
Of: TypeAlias = Literal["SRV", "addresses"]
"""Whether SRV records are asked for, or addresses."""

TYPES: Final[dict[int | None, tuple[AddressType, ...]]] = {
    4: ("A",),
    6: ("AAAA",),
    None: ("A", "AAAA"),
}
"""The types of addresses to ask for, by the IP family of the pods; None: not known."""


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """A question, and so the key of its answer in a cache."""

    name: str
    """Absolute, in lower case, with the trailing dot."""
    type: Type
    do: bool = False
    """The bit DO (DNSSEC OK)."""
    cd: bool = False
    """The bit CD (checking disabled)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Form:
    """A form of question. With the wanted names it gives the questions."""

    about: About
    of: Of
    do: bool
    cd: bool


KINDS: Final[tuple[tuple[About, Of] | None, ...]] = (
    ("service", "SRV"),
    None,
    ("pods", "addresses"),
    None,
    ("pods", "SRV"),
    ("service", "addresses"),
)
"""The kinds of question, in order; None prolongs the kind before it by one window (see `FORMS`).

The service's addresses do not tell whose they are. So they take no turn of the others, which name
pods each 2.7 s if a cache holds answers for 30 s. Kinds that follow each other differ as much as
possible: if one is useless (a Service without ports has no SRV), the others are at most three
windows apart.
"""
BITS: Final = ((True, False), (False, True), (True, True), (False, False))
"""DO and CD. The form without bits comes last: all other clients use it, so caches hold its answers
most often."""
FORMS: Final = tuple(Form(*kind, do, cd) if kind else None for do, cd in BITS for kind in KINDS)
"""The form of each time window of a round; None prolongs the window before it."""
