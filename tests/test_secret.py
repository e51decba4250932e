"""A secret is shown by nobody by accident, and the password file is read when it should be."""

from __future__ import annotations

import copy
import json
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from bootstrap.config import secret

PLAIN = "hunter2-plain"


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        format,
        ascii,
        lambda held: f"{held} {held!r} {held!s:.20}",
        lambda held: f"{held:>40}",
        lambda held: "%s %r" % (held, held),  # noqa: UP031 - one more way to show it
        lambda held: str([held, {held: held}]),
        lambda held: str(secret.Credentials("user", held)),
        lambda held: str(copy.copy(held)),
        lambda held: str(copy.deepcopy([held])),
        lambda held: "".join(traceback.format_exception(ValueError(held, "bad"))),
    ],
)
def test_no_way_of_showing_a_secret_shows_it(show: Callable[[secret.Secret], str]) -> None:
    shown = show(secret.Secret(PLAIN))
    assert PLAIN not in shown
    assert "***" in shown


@pytest.mark.parametrize(
    "take",
    [
        pickle.dumps,
        json.dumps,
        vars,
        lambda held: held.__getstate__(),
        *(lambda held, number=number: held.__reduce_ex__(number) for number in range(6)),
        lambda held: held.__reduce__(),
    ],
)
def test_a_secret_is_not_taken_apart(take: Callable[[object], object]) -> None:
    with pytest.raises(TypeError) as caught:
        take(secret.Secret(PLAIN))
    assert PLAIN not in str(caught.value)


def test_a_secret_reveals_compares_and_hashes() -> None:
    held = secret.Secret("pässword")
    assert held.reveal() == "pässword"
    assert held == secret.Secret("pässword")
    assert hash(held) == hash(secret.Secret("pässword"))
    assert held != secret.Secret("other")
    assert held != "pässword"


def test_credentials_without_a_file() -> None:
    assert secret.Credentials().current() is None
    given = secret.Credentials("user", secret.Secret(PLAIN))
    assert given.current() == PLAIN
    assert given.refresh() is False
    assert given == secret.Credentials("user", secret.Secret(PLAIN))
    assert hash(given) == hash(secret.Credentials("user", secret.Secret(PLAIN)))
    assert given != secret.Credentials("user")
    assert given != "user"
    assert copy.deepcopy(given) is given


@pytest.mark.parametrize(
    ("content", "password"),
    [
        (b"secret", "secret"),
        (b"secret\n", "secret"),
        (b"secret\r\n", "secret"),
        (b"secret\n\n", "secret\n"),
        (b"secret\r", "secret\r"),
        (b" two words \n", " two words "),
        ("pässword\n".encode(), "pässword"),
    ],
)
def test_one_line_end_is_not_part_of_the_password(
    tmp_path: Path, content: bytes, password: str
) -> None:
    file = tmp_path / "password"
    file.write_bytes(content)
    assert secret.Credentials(password_file=file).current() == password


def test_a_changed_file_counts_from_the_next_refresh(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("old")
    credentials = secret.Credentials(password_file=file)
    assert credentials.current() == "old"
    assert credentials.refresh() is False
    file.write_text("new\n")
    assert credentials.current() == "old"
    assert credentials.refresh() is True
    assert credentials.current() == "new"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "can not be read (No such file or directory)"),
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"hunter2-\xff-plain", "is not UTF-8 text"),
    ],
)
def test_a_bad_file_is_named_without_its_content(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    file = tmp_path / "password"
    file.write_text("good")
    credentials = secret.Credentials(password_file=file)
    assert credentials.current() == "good"
    file.unlink() if content is None else file.write_bytes(content)
    with pytest.raises(secret.PasswordFileError) as caught:
        credentials.refresh()
    assert str(caught.value) == f"password file {file} {problem}"
    assert caught.value.__context__ is None
    # What worked before may work still: other connections go on with it.
    assert credentials.current() == "good"


def test_hide_takes_every_password_of_this_run_out_of_a_text(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("old")
    credentials = secret.Credentials(password_file=file)
    assert credentials.hide("old") == "old"
    credentials.current()
    file.write_text("older")
    credentials.refresh()
    said = "ERR `masterauth` `older` `old`"
    assert credentials.hide(said) == "ERR `masterauth` `***` `***`"
    assert secret.Credentials().hide(said) == said
    # A server repeats arguments shortened, and without line ends: nobody would find them again.
    said = "ERR unknown command `CONFIG`, with args beginning with: `masterauth` `older` `o"
    assert credentials.hide(said) == "ERR unknown command `CONFIG`"
    assert PLAIN not in secret.Credentials(password=secret.Secret(PLAIN)).hide(f"<{PLAIN}>")
