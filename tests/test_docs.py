"""What the documentation repeats of the code."""

from __future__ import annotations

import re
from typing import Final

from bootstrap.plan.codes import Code
from bootstrap.plan.verdict import Block
from bootstrap.show import causes
from tests.statefulset import servers

RUNBOOK: Final = servers.REPOSITORY / "docs" / "runbook.md"
PARTS: Final = ("Meaning", "Meanwhile", "What to do", "How it ends")


def entries() -> dict[str, str]:
    """Each entry of the runbook by its code."""
    _, *found = re.split(r"^## `([a-z-]+)`\n", RUNBOOK.read_text(), flags=re.MULTILINE)
    assert len(found) == 2 * len(set(found[::2])), "a code has two entries"
    return dict(zip(found[::2], found[1::2], strict=True))


def test_every_code_has_an_entry_and_every_entry_a_code() -> None:
    known = {*Code, *causes.ACTS}
    assert entries().keys() == known


def test_the_reference_names_every_code() -> None:
    text = (servers.REPOSITORY / "docs" / "reference.md").read_text()
    assert not [code for code in entries() if f"`{code}`" not in text]


def test_every_entry_says_what_a_person_needs() -> None:
    for code, text in entries().items():
        missing = [part for part in PARTS if f"**{part}.**" not in text]
        assert not missing, (code, missing)
        assert "`" in text.partition("**What to do.**")[2], f"{code}: nothing to type"


def test_a_block_points_to_its_entry() -> None:
    """The heading's anchor, as the sites that show Markdown make it, is the code itself."""
    where = Block(code=Code.LOST_SLOTS, why="why", fix="fix").runbook
    file, _, anchor = where.partition("#")
    assert servers.REPOSITORY / file == RUNBOOK
    assert anchor in entries()


def test_the_architecture_names_every_module() -> None:
    """Each folder has a table below its own heading, with its modules and no other."""
    text = (servers.REPOSITORY / "docs" / "architecture.md").read_text()
    _, *sections = re.split(r"^### (bootstrap[\w/]*): .*$", text, flags=re.MULTILINE)
    named = {
        folder: sorted(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
        for folder, table in zip(sections[::2], sections[1::2], strict=True)
    }
    there: dict[str, list[str]] = {}
    for path in sorted((servers.REPOSITORY / "bootstrap").rglob("*.py")):
        if path.stem not in {"__init__", "__main__"}:
            folder = str(path.parent.relative_to(servers.REPOSITORY))
            there.setdefault(folder, []).append(path.stem)
    assert named == there


def test_the_layers_name_every_module_that_decides() -> None:
    """Other folders' contracts are exhaustive; that of a folder with folders in it cannot be."""
    layers = (servers.REPOSITORY / "pyproject.toml").read_text()
    named = re.findall(r"\bbootstrap\.plan\.[\w.]+", layers.partition("inside bootstrap/plan")[2])
    folder = servers.REPOSITORY / "bootstrap"
    paths = [path for path in (folder / "plan").rglob("*.py") if path.stem != "__init__"]
    there = {
        ".".join(("bootstrap", *path.relative_to(folder).with_suffix("").parts)) for path in paths
    }
    assert there <= set(named)
