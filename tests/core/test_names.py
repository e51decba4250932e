"""What resolv.conf and DNS say, as values."""

from __future__ import annotations

import pytest

from bootstrap.core.resolvconf import read_resolv_conf
from bootstrap.model.directory import Directory, Name, absolute


@pytest.mark.parametrize("name", ["a.b", "a.b.", "A.b", "A.B."])
def test_names_are_compared_absolute(name: str) -> None:
    found = Name(state="found", addresses=("10.0.0.1",))
    assert absolute(name) == "a.b."
    assert Directory(names=(("z.", Name(state="absent")), ("a.b.", found))).of(name) is found


def test_a_name_nobody_asked_for_is_not_absent() -> None:
    assert Directory().of("a.b").state == "unknown"


def test_resolv_conf() -> None:
    text = """
    # nameserver 10.0.0.9
    ; nothing
    nameserver 10.0.0.10
    nameserver fe80::1%eth0
    nameserver nonsense
    nameserver
    options ndots:5
    domain first.
    search a.b. c  .
    nameserver 10.0.0.11
    nameserver 10.0.0.12
    """
    nameservers, search = read_resolv_conf(text)
    assert nameservers == (("10.0.0.10", 53), ("fe80::1%eth0", 53), ("10.0.0.11", 53))
    assert search == ("a.b", "c")


def test_the_last_of_search_and_domain_wins() -> None:
    assert read_resolv_conf("search a b\ndomain c. d\n") == ((), ("c",))
