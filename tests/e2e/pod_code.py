"""What a pod of the tests' own runs, as one archive: complete, since it follows the imports."""

from __future__ import annotations

import io
import modulefinder
import zipfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
MAIN: Final = "__main__.py"
"""Where Python begins in an archive that it is told to run."""


def files(script: Path) -> dict[str, Path]:
    """Return the script, and each file of the tests that it imports, by path in the archive.

    All else that it imports has to be in the image, which has `bootstrap` and its libraries.
    """
    finder = modulefinder.ModuleFinder(path=[str(ROOT)])
    finder.run_script(str(script))
    named = (getattr(one, "__file__", None) for one in finder.modules.values())
    found = {Path(file) for file in named if file}
    ours = sorted(one for one in found - {script} if one.is_relative_to(ROOT / "tests"))
    return {MAIN: script} | {str(file.relative_to(ROOT)): file for file in ours}


def archive(script: Path) -> bytes:
    """Return the script and all that it imports, for `python ARCHIVE`. The same each time."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as made:
        for name, file in files(script).items():
            made.writestr(zipfile.ZipInfo(name), file.read_bytes())
    return written.getvalue()
