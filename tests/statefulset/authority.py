"""An authority that issues certificates to pods, made with the openssl that is here."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.statefulset import config

CURVE: Final = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


class Authority:
    """One certificate authority, and what it has issued."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        """Make its key and certificate in a folder of its own; skips where openssl is missing."""
        self.folder = folder / name
        self.ca = self.folder / "ca.crt"
        self._key = self.folder / "ca.key"
        self.folder.mkdir(parents=True)
        named = ["-keyout", str(self._key), "-out", str(self.ca), "-subj", f"/CN={name}"]
        _openssl("req", "-x509", *CURVE, *named, "-days", "2")

    def issue(self, *names: str, days: int = 2) -> config.Tls:
        """A certificate for these DNS names; below 0 `days` it expired so many days ago.

        Issued again for the same first name, it takes the place of the one before, as the files
        of a Secret do: readers see the old certificate or the new one.
        """
        files = config.Tls.in_folder(self.folder / names[0].replace("*", "any"), self.ca)
        files.cert.parent.mkdir(exist_ok=True)
        fresh = {path: path.with_name(f"{path.name}.new") for path in (files.cert, files.key)}
        request, extensions = self.folder / "request", self.folder / "extensions"
        listed = ",".join(f"DNS:{name}" for name in names)
        extensions.write_text(f"subjectAltName={listed}\nbasicConstraints=CA:FALSE\n")
        out = ["-keyout", str(fresh[files.key]), "-out", str(request), "-subj", "/CN=pod"]
        _openssl("req", "-new", *CURVE, *out)
        signed = ["-CA", str(self.ca), "-CAkey", str(self._key), "-extfile", str(extensions)]
        out = ["-in", str(request), "-out", str(fresh[files.cert]), "-days", str(days)]
        _openssl("x509", "-req", *out, *signed)
        for path, new in fresh.items():
            new.replace(path)
        return files

    def per_pod(self, fqdn: str) -> config.Tls:
        """The files of the pod of this name, whose certificate is good for that name alone."""
        files = config.Tls.in_folder(self.folder / fqdn, self.ca)
        return files if files.cert.exists() else self.issue(fqdn)


def _openssl(*words: str) -> None:
    program = shutil.which("openssl")
    if program is None:
        import pytest  # noqa: PLC0415 - the demo uses sets too, and has none

        pytest.skip("no openssl here to make certificates with")
    subprocess.run([program, *words], check=True, capture_output=True)
