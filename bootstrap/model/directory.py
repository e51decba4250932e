"""What DNS says of the pods: found, absent, or unknown, and never one for the other."""

from __future__ import annotations

import dataclasses
from typing import Literal


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """What DNS says of one pod.

    `absent` needs an answer that says so. Silence, failures and nonsense are `unknown`.
    """

    state: Literal["found", "absent", "unknown"]
    addresses: tuple[str, ...] = ()
    """Of the newest answer, sorted. A hint, until the node there has proven to be ours."""
    reason: str = ""
    """Who said what, such as `NXDOMAIN from 10.0.0.10:53`; empty for a name that was found."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """All that has been learned of a service's pods."""

    names: tuple[tuple[str, Name], ...] = ()
    """Every name asked for or seen: absolute, lower case, with the trailing dot; sorted."""
    nameless: tuple[str, ...] = ()
    """Addresses of the service that belong to none of the names, sorted."""
    service: Name = Name(state="unknown", reason="not asked for yet")
    """What DNS says of the service's own name: all its pods' addresses, where it is headless."""

    def of(self, fqdn: str) -> Name:
        """Return what is known of a pod; case and the trailing dot do not matter."""
        wanted = absolute(fqdn)
        for name, said in self.names:
            if name == wanted:
                return said
        return Name(state="unknown", reason="not asked for yet")


def absolute(fqdn: str) -> str:
    """Return the form in which names are compared: lower case, with one trailing dot."""
    return f"{fqdn.rstrip('.').lower()}."
