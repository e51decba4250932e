"""The note on the data volume: whole or not there, and no other file is touched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bootstrap.prepare import note
from bootstrap.prepare.roll import Founding

FOUNDING = Founding(seed="db-0", nonces=(("db-0", "a"), ("db-1", "b")))


def test_what_was_written_is_read(tmp_path: Path) -> None:
    assert note.read(tmp_path) is None
    first = note.new()
    for one in (first, note.Note(nonce=first.nonce, founding=FOUNDING, let_go=True)):
        note.write(tmp_path, one)
        assert note.read(tmp_path) == one
        assert [file.name for file in tmp_path.iterdir()] == [".bootstrap"]


def test_two_volumes_are_told_apart() -> None:
    assert len({note.new().nonce for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 40,
        b"\xff\xfe",
        b"{}",
        b"[]",
        b'{"nonce": "", "founding": null, "let_go": false}',
        b'{"nonce": 7, "founding": null, "let_go": false}',
        b'{"nonce": "a", "founding": [], "let_go": false}'.replace(b"[]", b"[1]"),
        b'{"nonce": "a", "founding": {"seed": "db-0"}, "let_go": false}',
        b'{"nonce": "a", "founding": {"seed": "db-0", "nonces": [["db-0"]]}, "let_go": false}',
        b'{"nonce": "a", "founding": {"seed": "db-0", "nonces": [["db-0", 1]]}, "let_go": false}',
    ],
)
def test_what_this_program_did_not_write_is_told_and_kept(tmp_path: Path, content: bytes) -> None:
    (tmp_path / note.NAME).write_bytes(content)
    with pytest.raises(note.UnreadableNoteError, match=r"\.bootstrap"):
        note.read(tmp_path)
    assert (tmp_path / note.NAME).read_bytes() == content


def test_a_volume_that_is_not_there_is_not_taken_for_blank(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError):
        note.read(tmp_path / "data")


def test_a_write_that_fails_leaves_the_note_from_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = note.new()
    note.write(tmp_path, before)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        note.write(tmp_path, note.new())
    assert note.read(tmp_path) == before
