"""What resolv.conf and DNS say, as values."""

from __future__ import annotations

import pytest

from bootstrap.model.directory import Directory, Name, absolute


@pytest.mark.parametrize("name", ["a.b", "a.b.", "A.b", "A.B."])
def test_names_are_compared_absolute(name: str) -> None:
    found = Name(state="found", addresses=("10.0.0.1",))
    assert absolute(name) == "a.b."
    assert Directory(names=(("z.", Name(state="absent")), ("a.b.", found))).of(name) is found


def test_a_name_nobody_asked_for_is_not_absent() -> None:
    assert Directory().of("a.b").state == "unknown"
