"""Every code that a pod can be blocked by, as the source has them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from bootstrap import plan as planning
from bootstrap.model.snapshot import Trouble

SOURCES: Final = Path(planning.__file__).parent
_TROUBLES: Final = frozenset(
    {Trouble.NOT_CLUSTER.value, Trouble.UNSUPPORTED.value, Trouble.COMMAND.value}
)
"""Those that the server itself gives: their codes are the troubles' names."""


def of_plans() -> frozenset[str]:
    """The codes that a plan can have, but for those of the start gate."""
    text = "".join(path.read_text() for path in sorted(SOURCES.glob("*.py")))
    found = re.findall(r'code="([a-z-]+)"', text)
    found += re.findall(r'_blocked\(\s*"([a-z-]+)"', text)
    found += re.findall(r'code="[a-z-]+"\s+if [^\n]+ else "([a-z-]+)"', text)
    found += re.findall(r'^[A-Z]+ = "([a-z]+-[a-z-]+)"$', text, re.MULTILINE)
    return frozenset(found) | _TROUBLES


def of_alarms() -> frozenset[str]:
    """The codes of faults that block nothing, which are constants of their modules."""
    text = "".join(path.read_text() for path in sorted(SOURCES.glob("*.py")))
    return frozenset(re.findall(r'^CODE: Final = "([a-z-]+)"$', text, re.MULTILINE))


def of_the_gate() -> frozenset[str]:
    """The codes of the start gate, which are constants there."""
    text = (SOURCES / "gate.py").read_text()
    return frozenset(re.findall(r'^_[A-Z]+ = "([a-z-]+)"$', text, re.MULTILINE))
