"""Templates are strict: a misspelt name never becomes an empty setting."""

from __future__ import annotations

import pytest

from bootstrap.prepare import template

VALUES = {"ORDINAL": "2", "PEERS": "db-0.db db-1.db", "MY_ID": "3"}
MEMBERS = [(0, "zk-0.zk.prod.svc.cluster.local"), (1, "zk-1.zk.prod.svc.cluster.local")]


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("", ""),
        ("id=@{ORDINAL}\n", "id=2\n"),
        ("@{ORDINAL}@{MY_ID}", "23"),
        ("${ORDINAL} $x {ORDINAL} %d", "${ORDINAL} $x {ORDINAL} %d"),
        ("user@host @ORDINAL @ @@ a@{MY_ID}", "user@host @ORDINAL @ @@ a3"),
        ("@@{ORDINAL}", "@{ORDINAL}"),
    ],
)
def test_only_names_in_braces_after_the_sign_are_replaced(text: str, filled: str) -> None:
    assert template.fill(text, VALUES) == filled


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@{ORDINALS}", "@{ORDINALS} is not known; known are MY_ID, ORDINAL, PEERS"),
        ("@{ordinal}", "@{ordinal} is not known"),
        ("a\nb @{}", "line 2"),
        ("@{1}", "line 1"),
        ("@{ORDINAL", "line 1"),
        ("@{ ORDINAL }", "line 1"),
    ],
)
def test_what_is_not_known_is_a_fault(text: str, said: str) -> None:
    with pytest.raises(template.UnknownNameError) as error:
        template.fill(text, VALUES)
    assert said in str(error.value)


def test_a_line_for_each_member() -> None:
    assert template.each("server.{number}={fqdn}:2888:3888;2181", MEMBERS) == (
        "server.1=zk-0.zk.prod.svc.cluster.local:2888:3888;2181\n"
        "server.2=zk-1.zk.prod.svc.cluster.local:2888:3888;2181"
    )
    assert template.each("{ordinal} {pod} {{x}}", MEMBERS) == "0 zk-0 {x}\n1 zk-1 {x}"
    assert template.each("{fqdn}", []) == ""


@pytest.mark.parametrize(
    "pattern", ["{name}", "{}", "{0}", "{fqdn", "{fqdn.x}", "{fqdn.upper}", "{fqdn[0]}", "{ fqdn}"]
)
def test_a_line_that_asks_for_more_is_a_fault(pattern: str) -> None:
    with pytest.raises(template.UnknownNameError, match="known are"):
        template.each(pattern, MEMBERS)
