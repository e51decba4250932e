"""`explain CODE`: the runbook's entry of a code, in the pod that has it. Read only when asked."""

from __future__ import annotations

import difflib
import re
import sys
from pathlib import Path
from typing import Final

from bootstrap.config.errors import Exit

RUNBOOK: Final = Path(__file__).parents[1] / "runbook.md"
"""The runbook as it stands in the repository's docs; image and wheel have a copy of it here."""


def entries(text: str) -> dict[str, str]:
    """The text of each entry, by its code, in the order of the file."""
    _, *found = re.split(r"^## `([a-z-]+)`\n", text, flags=re.MULTILINE)
    # What stands below a heading of a higher order belongs to those that follow.
    ends = (entry.partition("\n# ")[0].strip() for entry in found[1::2])
    return dict(zip(found[::2], ends, strict=True))


def explain(code: str | None) -> Exit:
    """Print an entry, or without a code one line for each of them."""
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
