"""Documentation and example have the rule that the product goes by, each right with its reason."""

from __future__ import annotations

import re
from typing import Final

from bootstrap.model import acl
from tests.statefulset import servers

SECURITY: Final = (servers.REPOSITORY / "docs" / "security.md").read_text()


def test_the_rule_is_the_documented_one() -> None:
    between = SECURITY.partition("<!-- rights -->\n```\n")[2].partition("\n```")[0]
    assert between == (
        "ACL SETUSER bootstrap on >PASSWORD resetkeys resetchannels -@all " + acl.rule()
    )


def test_each_right_has_a_line() -> None:
    rows = [line.split(" | ")[0] for line in SECURITY.splitlines() if line.startswith("| `+")]
    named = [right.replace("\\", "") for row in rows for right in re.findall(r"`([^`]+)`", row)]
    assert sorted(named) == sorted(acl.rule().split())


def test_the_example_has_it() -> None:
    text = (servers.REPOSITORY / "manifests" / "examples" / "acl" / "users.acl").read_text()
    line = next(line for line in text.splitlines() if line.startswith("user bootstrap "))
    assert line.partition(" -@all ")[2] == acl.rule()
