"""Documentation and example have the rule that the product goes by, each right with its reason."""

from __future__ import annotations

import re
from typing import Final

import pytest

from bootstrap.model import acl
from tests.statefulset import servers

SECURITY: Final = (servers.REPOSITORY / "docs" / "security.md").read_text()


@pytest.mark.parametrize(
    ("mark", "rule"),
    [
        ("rights", ">PASSWORD resetkeys resetchannels -@all " + acl.rule()),
        ("rights-valkey", " ".join((*acl.PUSH, *acl.PUSHED))),
        ("rights-redis", " ".join(acl.PULL)),
    ],
)
def test_the_rule_is_the_documented_one(mark: str, rule: str) -> None:
    between = SECURITY.partition(f"<!-- {mark} -->\n```\n")[2].partition("\n```")[0]
    on = "on " if mark == "rights" else ""
    assert between == f"ACL SETUSER bootstrap {on}{rule}"


def test_each_right_has_a_line() -> None:
    rows = [line.split(" | ")[0] for line in SECURITY.splitlines() if line.startswith("| `+")]
    named = [right.replace("\\", "") for row in rows for right in re.findall(r"`([^`]+)`", row)]
    moving = {*acl.PUSH, *acl.PUSHED, *acl.PULL} - {"~*"}
    assert sorted(named) == sorted([*acl.rule().split(), *moving])


def test_the_example_has_it() -> None:
    text = (servers.REPOSITORY / "manifests" / "examples" / "acl" / "users.acl").read_text()
    line = next(line for line in text.splitlines() if line.startswith("user bootstrap "))
    assert line.partition(" -@all ")[2] == acl.rule()


@pytest.mark.parametrize("rule", [(*acl.PUSH, *acl.PUSHED), acl.PULL])
def test_the_example_tells_what_moving_takes(rule: tuple[str, ...]) -> None:
    text = (servers.REPOSITORY / "manifests/examples/acl/kustomization.yaml").read_text()
    comment = " ".join(line.removeprefix("#").strip() for line in text.splitlines())
    assert f": {' '.join(rule)} " in comment
