"""What DNS says of the pods: found, absent or unknown."""

from __future__ import annotations

import dataclasses
from typing import Final, Literal


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """What DNS says of one name."""

    state: Literal["found", "absent", "unknown"]
    """`absent` needs an answer that says so. Silence, failures and nonsense are `unknown`."""
    addresses: tuple[str, ...] = ()
    """Those of the newest answer, sorted. A hint until the node there has proven to be ours."""
    denied: bool = False
    """Whether it is absent by NXDOMAIN to a question about this name. Else it is only missing in a
    list of the Service's pods, or the Service itself is absent."""
    reason: str = ""
    """Which server said what, as `NXDOMAIN from 10.0.0.10:53`; empty for a name that was found."""
    asked: bool = True
    """Whether DNS was asked for it. Until then its state is `unknown`."""


UNASKED: Final = Name(state="unknown", reason="not asked for yet", asked=False)
"""A name that DNS was not asked for."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """What DNS has said of a Service and its pods."""

    names: tuple[tuple[str, Name], ...] = ()
    """All names that were asked for or seen: lower case, with the trailing dot; sorted."""
    nameless: tuple[str, ...] = ()
    """Addresses of the Service that belong to none of the names, sorted."""
    service: Name = UNASKED
    """The Service's own name. A headless Service has the addresses of all its pods."""

    def of(self, fqdn: str) -> Name:
        """Return what is known of a name; case and the trailing dot do not matter."""
        wanted = absolute(fqdn)
        for name, said in self.names:
            if name == wanted:
                return said
        return UNASKED


def absolute(fqdn: str) -> str:
    """Return a name in the form for comparison: lower case, with one trailing dot."""
    return f"{fqdn.rstrip('.').lower()}."
