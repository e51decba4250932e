"""The human node name, in which a sidecar tells all others about its own node.

It is `redis-app-3/host-a/zone-1`, with `-` for what is not known. The wished number of shards
follows if one is stated: `redis-app-3/host-a/zone-1/4`. Then comes the mark of a node that is to
stand empty (`model.empty_mark`), and last that of a node that leaves (`model.leaving_mark`).

The name has no spaces, because redis writes it into nodes.conf without quotes, and 8.2 was seen to
crash on a space there at its next start. Servers before redis 7.2 have no such name.
"""

from __future__ import annotations

import dataclasses
from typing import Final

from bootstrap.model import wish
from bootstrap.model.layout import Place
from bootstrap.model.topology import Topology
from bootstrap.model.view import View

SETTING: Final = "cluster-announce-human-nodename"
MARK: Final = "handover"
"""The last part of the name of a node that leaves."""
EMPTY: Final = "empty"
"""The part that marks a node that is to stand empty."""
_UNKNOWN: Final = "-"
_WISH: Final = 3
"""The place of the wish among the parts."""


def plain(topology: Topology, wished: wish.Wish | None) -> str:
    """Return the name of our own node, without a mark."""
    parts = [topology.name, topology.host or _UNKNOWN, topology.zone or _UNKNOWN]
    return "/".join([*parts, str(wished)] if wished else parts)


def place(view: View) -> Place:
    """Return the host and zone of a node, as far as its name has them."""
    _, host, zone, *_ = (*_parts(view), "", "", "")
    return Place(host=_known(host), zone=_known(zone))


def wish_of(view: View) -> wish.Wish | None:
    """Return the wish that a node shows; None if it shows none."""
    said = [part for part in _parts(view)[_WISH:] if part not in (EMPTY, MARK)]
    try:
        return wish.parse(said[0]) if said else None
    except ValueError:
        return None


def showing(view: View, wished: wish.Wish) -> View:
    """Return the same view, as if the node showed this wish; servers before 7.2 show none."""
    parts = _parts(view)
    if len(parts) < _WISH:
        return view
    name = "/".join([*parts[:_WISH], str(wished), *(one for one in parts[_WISH:] if one == MARK)])
    settings = tuple((key, name if key == SETTING else text) for key, text in view.settings)
    return dataclasses.replace(view, settings=settings)


def _parts(view: View) -> list[str]:
    return (view.setting(SETTING) or "").split("/")


def _known(part: str) -> str | None:
    return None if part in ("", _UNKNOWN) else part
