"""Certificates for servers, made with the openssl that is here."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.statefulset import config


def make(folder: Path, names: str) -> config.Tls:
    """An authority, and a certificate from it for DNS names such as `*.svc.local`."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl here to make certificates with")
    files = config.Tls(ca=folder / "ca.crt", cert=folder / "tls.crt", key=folder / "tls.key")
    new = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    authority = ["-keyout", str(folder / "ca.key"), "-out", str(files.ca), "-subj", "/CN=authority"]
    signed = ["-CA", str(files.ca), "-CAkey", str(folder / "ca.key"), "-subj", "/CN=server"]
    out = ["-keyout", str(files.key), "-out", str(files.cert)]
    leaf = ["-addext", f"subjectAltName=DNS:{names}", "-addext", "basicConstraints=CA:FALSE"]
    for rest in (authority, [*signed, *out, *leaf]):
        subprocess.run([*new, "-nodes", "-days", "2", *rest], check=True, capture_output=True)
    return files
