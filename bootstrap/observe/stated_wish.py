"""The wish of our own sidecar: from its variable, or from a file that may change at any time."""

from __future__ import annotations

from pathlib import Path

from bootstrap.model import wish
from bootstrap.model.topology import Topology
from bootstrap.model.wish import UNSTATED, Wished

_SHOWN = 40
"""Characters of a file that is no wish which its message repeats, at most."""


def read(topology: Topology) -> Wished:
    """Return the wish as it is stated now. Never raises: what cannot be read is no wish."""
    if topology.wish is not None:
        return Wished(wish=topology.wish)
    return _in(Path(topology.wish_file)) if topology.wish_file else UNSTATED


def _in(file: Path) -> Wished:
    name = f"the file of BOOTSTRAP_SHARDS_FILE, {file},"
    try:
        text = file.read_bytes().decode("utf-8", "replace").strip()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return Wished(fault=f"{name} cannot be read ({reason})")
    try:
        return Wished(wish=wish.parse(text))
    except ValueError as error:
        seen = repr(text[:_SHOWN]) if text else "nothing"
        return Wished(fault=f"expected {name} to hold {error}; it holds {seen}")
