"""`explain CODE`: the runbook's entry for a code. The runbook is read only for this command."""

from __future__ import annotations

import difflib
import re
import sys
from pathlib import Path
from typing import Final

from bootstrap.config.errors import Exit

RUNBOOK: Final = Path(__file__).parents[1] / "runbook.md"
"""The runbook: in the repository a link to docs/runbook.md, in image and wheel a copy."""


def entries(text: str) -> dict[str, str]:
    """Return the text of each entry by its code, in the order of the file."""
    _, *found = re.split(r"^## `([a-z-]+)`\n", text, flags=re.MULTILINE)
    # A heading of a higher order, and the text below it, belong to the entries that follow.
    ends = (entry.partition("\n# ")[0].strip() for entry in found[1::2])
    return dict(zip(found[::2], ends, strict=True))


def explain(code: str | None) -> Exit:
    """Print the entry of a code; for None a line for each code. Return the exit status."""
    found = entries(RUNBOOK.read_text())
    if code is None:
        width = max(map(len, found))
        for name, entry in found.items():
            print(f"{name.ljust(width)}  {_meaning(entry)}")
        return Exit.REACHED
    if code in found:
        print(f"{code}\n\n{found[code]}")
        return Exit.REACHED
    near = difflib.get_close_matches(code, found, n=3, cutoff=0.4)
    meant = f"; did you mean {' or '.join(near)}?" if near else ""
    print(f"bootstrap: there is no code {code!r}{meant}", file=sys.stderr)
    print("bootstrap: all codes: python -m bootstrap explain", file=sys.stderr)
    return Exit.USAGE


def _meaning(entry: str) -> str:
    """The first sentence of an entry."""
    paragraph = " ".join(entry.partition("\n\n")[0].split())
    return f"{paragraph.removeprefix('**Meaning.** ').partition('. ')[0].rstrip('.')}."
