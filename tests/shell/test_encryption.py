"""The files of TLS, without any server: what they are good for, and when they are read again."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from bootstrap import log
from bootstrap.redis import certificates, encryption
from tests.statefulset import authority

POD: Final = "redis-app-0.redis-service.default.svc.cluster.local"
ANOTHER: Final = "redis-app-1.redis-service.default.svc.cluster.local"


@pytest.fixture
def issuer(tmp_path: Path) -> authority.Authority:
    return authority.Authority(tmp_path)


def by_files(issuer: authority.Authority, *names: str) -> encryption.Encryption:
    files = issuer.issue(*names)
    some = encryption.Files(ca=issuer.ca, cert=files.cert, key=files.key)
    return encryption.Encryption(some, POD)


def outdated(tls: encryption.Encryption, name: str = POD) -> bool:
    """Whether a server that shows the oldest of certificates is behind."""
    return tls.outdated(name, b"an old one", 0)


def test_the_server_of_our_own_pod_is_behind(issuer: authority.Authority) -> None:
    tls = by_files(issuer, POD)
    assert outdated(tls)
    assert not outdated(tls, ANOTHER)
    tls.reread()
    assert not outdated(tls)
    issuer.issue(POD)
    assert not outdated(tls)  # Not noticed yet.
    tls.notice()
    assert outdated(tls)


def test_a_server_whose_certificate_is_newer_is_not_behind(issuer: authority.Authority) -> None:
    assert not by_files(issuer, POD).outdated(POD, b"a newer one", 2**40)


def test_a_certificate_for_clients_says_nothing_of_servers(issuer: authority.Authority) -> None:
    tls = by_files(issuer, "client")
    before = tls.context(POD)
    assert not outdated(tls)
    issuer.issue("client")
    tls.notice()
    assert tls.context(POD) is not before
    assert not outdated(tls)


def test_an_authority_more_is_for_the_server_too(issuer: authority.Authority) -> None:
    tls = by_files(issuer, POD)
    tls.reread()
    issuer.ca.write_text(issuer.ca.read_text() * 2)
    tls.notice()
    assert outdated(tls)


def test_without_a_certificate_of_ours(issuer: authority.Authority) -> None:
    tls = encryption.Encryption(encryption.Files(ca=issuer.ca), POD)
    assert not outdated(tls)
    assert "BOOTSTRAP_TLS_CERT_FILE is not set" in tls.showing
    assert tls.trusted == str(issuer.ca)


def test_files_that_go_missing_and_come_back(issuer: authority.Authority) -> None:
    said = io.StringIO()
    log.configure("info", "json", said)  # not whatever another test has left
    tls = by_files(issuer, POD)
    before = tls.context(POD)
    key = issuer.folder / POD / "tls.key"
    text = key.read_text()
    key.unlink()
    for _ in range(3):
        tls.notice()
    assert tls.context(POD) is before
    assert said.getvalue().count("the ones before stay in use") == 1
    assert str(key) in said.getvalue()
    key.write_text(text)
    tls.notice()
    assert tls.context(POD) is not before


def test_nobody_is_asked_for_the_passphrase_of_a_key(
    issuer: authority.Authority, tmp_path: Path
) -> None:
    """Who could answer is at no sidecar's terminal, and everything would wait for it."""
    files = issuer.issue(POD)
    locked = tmp_path / "locked.key"
    words = ["pkey", "-in", str(files.key), "-aes256", "-passout", "pass:x", "-out", str(locked)]
    subprocess.run(["openssl", *words], check=True, capture_output=True)
    program = (
        "import ssl, sys; from pathlib import Path; from bootstrap.redis import encryption\n"
        "ca, cert, key = map(Path, sys.argv[1:4])\n"
        f"encryption.Encryption(encryption.Files(ca=ca, cert=cert, key=key), {POD!r})"
    )
    command = [sys.executable, "-c", program, str(files.ca), str(files.cert), str(locked)]
    # Somebody is there: with nothing to read from, OpenSSL gives up by itself.
    master, slave = pty.openpty()
    try:
        done = subprocess.run(
            command, stdin=slave, capture_output=True, text=True, timeout=60, check=False,
            start_new_session=True,
        )  # fmt: skip
    finally:
        os.close(master)
        os.close(slave)
    assert "FilesError: BOOTSTRAP_TLS_CERT_FILE" in done.stderr


def test_files_that_are_not_there_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(
        encryption.FilesError, match=r"TLS_CA_FILE: expected .*/no-such \(No such file"
    ):
        encryption.Encryption(encryption.Files(ca=tmp_path / "no-such"), POD)


def test_a_certificate_on_a_line() -> None:
    facts = {
        "subjectAltName": tuple(("DNS", f"{letter}.example") for letter in "abcde"),
        "issuer": ((("organizationName", "Org"),), (("commonName", "x" * 200),)),
        "notBefore": "Nov 23 14:36:44 2026 GMT",
        "notAfter": "Nov 25 14:36:44 2026 GMT",
    }
    text = certificates.describe(facts)
    assert "for a.example, b.example, c.example and 2 more" in text
    assert "from 2026-11-23T14:36:44Z to 2026-11-25T14:36:44Z" in text
    assert "issued by Org, xxx" in text
    assert len(text) < 300
    bare = {key: facts[key] for key in ("notBefore", "notAfter")}
    assert "one for no name, " in certificates.describe(bare)
    assert "issued by an issuer without a name" in certificates.describe(bare)
