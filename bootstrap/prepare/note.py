"""What our pod notes on its data volume, in a file of its own. No other file there is touched.

A first start wants an empty folder (initdb, Galera's state transfer), and such programs pass over
files whose names begin with a dot.
"""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bootstrap.prepare.roll import Founding

NAME: Final = ".bootstrap"
"""The file's name, in the data folder."""
_BYTES: Final = 16
"""Random bytes of a nonce: two volumes never have the same."""


class UnreadableNoteError(Exception):
    """The note is there, and says nothing that can be used. The message says what was seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """The content of the file."""

    nonce: str
    """The random text that marks the volume."""
    founding: Founding | None = None
    """The first formation in which the pod takes part."""
    let_go: bool = False
    """Whether the server was allowed to start since."""


def new() -> Note:
    """Return the note of a volume that was never seen before."""
    return Note(nonce=secrets.token_hex(_BYTES))


def read(folder: Path) -> Note | None:
    """Return the note on a volume; None if there is none.

    Raises:
        UnreadableNoteError: if there is one that this program has not written.
        OSError: if the folder or the file cannot be read.

    """
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is no folder")
    file = folder / NAME
    try:
        text = file.read_text()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise UnreadableNoteError(f"{file} is no text") from None
    try:
        said = json.loads(text)
        founding = said["founding"]
        return Note(
            nonce=_text(said["nonce"]),
            founding=founding and founding_of(founding),
            let_go=bool(said["let_go"]),
        )
    except (KeyError, TypeError, ValueError):
        raise UnreadableNoteError(f"{file} holds {text[:80]!r}") from None


def write(folder: Path, note: Note) -> None:
    """Put the note on a volume, at once as a whole; it is there after a crash of the host.

    Raises:
        OSError: if it cannot be written. Then the note from before is still there.

    """
    file, aside = folder / NAME, folder / f"{NAME}.new"
    with aside.open("w") as stream:
        json.dump(dataclasses.asdict(note), stream)
        stream.flush()
        os.fsync(stream.fileno())
    aside.replace(file)
    entries = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(entries)
    finally:
        os.close(entries)


def founding_of(said: object) -> Founding:
    """Return the first formation from JSON, as a note or a statement has it.

    Raises:
        ValueError, TypeError, KeyError: if it is none.

    """
    if not isinstance(said, dict):
        raise TypeError("no object")
    pairs = [(_text(pod), _text(nonce)) for pod, nonce in said["nonces"]]
    return Founding(seed=_text(said["seed"]), nonces=tuple(sorted(pairs)))


def _text(said: object) -> str:
    if not isinstance(said, str) or not said:
        raise TypeError("no text")
    return said
