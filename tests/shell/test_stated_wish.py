"""The wish is read anew at each look: from the variable, or from a file that changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from bootstrap.model.wish import HOLD, UNSTATED, Wish, Wished
from bootstrap.observe import stated_wish
from tests.core import build


def test_nothing_is_stated() -> None:
    assert stated_wish.read(build.topology()) == UNSTATED


def test_a_variable() -> None:
    assert stated_wish.read(build.topology(wish=Wish(4))) == Wished(wish=Wish(4))


def test_a_file_that_changes_as_a_config_map_does(tmp_path: Path) -> None:
    """The kubelet writes a new folder, and turns a link to it."""
    file = tmp_path / "shards"
    topology = build.topology(wish_file=str(file))
    for number, (text, wish) in enumerate([("3\n", Wish(3)), ("4", Wish(4)), (" hold\n", HOLD)]):
        data = tmp_path / f"..{number}"
        data.write_text(text)
        link = tmp_path / "..new"
        link.symlink_to(data)
        link.rename(file)
        assert stated_wish.read(topology) == Wished(wish=wish)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"", "holds nothing"),
        (b"four\n", "holds 'four'"),
        (b"\xff\xfe4", "from 1 to 16384, or hold; it holds"),
        (b"9" * 5000, f"holds '{'9' * 40}'"),
    ],
    ids=["missing", "empty", "a word", "other bytes", "long"],
)
def test_what_is_no_wish_is_told(tmp_path: Path, content: bytes | None, said: str) -> None:
    file = tmp_path / "shards"
    if content is not None:
        file.write_bytes(content)
    found = stated_wish.read(build.topology(wish_file=str(file)))
    assert found.wish is None
    assert said in found.fault
    assert str(file) in found.fault


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    found = stated_wish.read(build.topology(wish_file=str(tmp_path)))
    assert (found.wish, "Is a directory" in found.fault) == (None, True)
