"""What is wrong with a certificate is said: whose, what was expected, what was seen, what to do."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.refusals import asking
from tests.statefulset import authority, config, needs, process, sets
from tests.statefulset import pod as pods

FQDN = "redis-app-1.redis-service.default.svc.cluster.local"
OTHER = "redis-app-1.redis-service.another.svc.cluster.local"


@pytest.fixture
def ours(tmp_path: Path) -> authority.Authority:
    return authority.Authority(tmp_path)


@pytest.fixture
def theirs(tmp_path: Path) -> authority.Authority:
    return authority.Authority(tmp_path, "somebody-else")


def listening(pod: pods.Pod) -> bool:
    """Whether it takes connections, whatever it says of our certificate."""
    try:
        socket.create_connection((pod.address, pod.port), timeout=1).close()
    except OSError:
        return False
    return True


def waits(
    ours: authority.Authority, server: config.Tls, says: asking.Needles, **env: str | None
) -> None:
    """The second pod's server has these files: the first one's sidecar says what is wrong."""

    def files(fqdn: str) -> config.Tls:
        return server if fqdn == FQDN else ours.per_pod(fqdn)

    found = needs.server("redis-7.0")
    with sets.LocalStatefulSet(6, found, tls=files, sidecar_env=env) as app:
        for one in app.pods[:2]:
            one.start_server()
            process.wait_for(lambda one=one: listening(one), 20.0, f"{one} listens")  # type: ignore[misc]
        app[0].start_sidecar()
        asking.wait_said(app[0], ["redis-app-1: Redis at", *says])


def test_an_expired_certificate(ours: authority.Authority) -> None:
    says = ("has expired: expected one that is valid now", f"saw one for {FQDN}, valid from")
    waits(ours, ours.issue(FQDN, days=-1), (*says, "which certificate has redis-app-1"))


def test_a_certificate_for_another_name(ours: authority.Authority) -> None:
    says = (f"not for it: expected one for {FQDN}, saw one for {OTHER}", "subjectAltName")
    waits(ours, ours.issue(OTHER), says)


def test_a_certificate_from_another_authority(
    ours: authority.Authority, theirs: authority.Authority
) -> None:
    server = dataclasses.replace(theirs.issue(FQDN), ca=ours.ca)
    says = (f"not trust: expected one from an authority in {ours.ca}", "issued by somebody-else")
    waits(ours, server, (*says, "let BOOTSTRAP_TLS_CA_FILE hold the authority"))


def test_a_server_that_does_not_trust_ours(
    ours: authority.Authority, theirs: authority.Authority
) -> None:
    server = dataclasses.replace(ours.issue(FQDN), ca=theirs.ca)
    says = (
        "does not accept the sidecar's certificate: unknown ca",
        "tls-ca-cert-file trusts",
        "tls.crt",
    )
    waits(ours, server, (*says, "let BOOTSTRAP_TLS_CERT_FILE and"))


# Our own server: nothing else is even looked at.


@pytest.fixture
def alone(ours: authority.Authority) -> Iterator[pods.Pod]:
    with sets.LocalStatefulSet(1, needs.server("redis-7.0"), tls=ours.per_pod) as app:
        app.start_servers()
        yield app[0]


FEWER = {"BOOTSTRAP_ALLOW_FEWER_SHARDS": "true", "BOOTSTRAP_REPLICAS_PER_SHARD": "0"}


def test_a_sidecar_without_a_certificate(alone: pods.Pod) -> None:
    files = dict.fromkeys(("BOOTSTRAP_TLS_CERT_FILE", "BOOTSTRAP_TLS_KEY_FILE"))
    alone.start_sidecar(env={**FEWER, **files})
    says = (
        "certificate: certificate required",
        "the sidecar shows none (BOOTSTRAP_TLS_CERT_FILE",
    )
    asking.wait_said(alone, says)


def test_a_sidecar_without_tls(alone: pods.Pod) -> None:
    alone.start_sidecar(env={**FEWER, "BOOTSTRAP_TLS": "false"})
    says = ("expected a server without TLS, saw one that speaks TLS", "compare BOOTSTRAP_TLS*")
    asking.wait_said(alone, says)


def test_a_server_without_tls(ours: authority.Authority) -> None:
    needs.insecurity("no server is without TLS then")
    files = ours.issue("client")
    env = {
        "BOOTSTRAP_TLS": "true",
        "BOOTSTRAP_TLS_CA_FILE": str(files.ca),
        "BOOTSTRAP_TLS_CERT_FILE": str(files.cert),
        "BOOTSTRAP_TLS_KEY_FILE": str(files.key),
    }
    with sets.LocalStatefulSet(1, needs.any_server(), sidecar_env={**FEWER, **env}) as app:
        app.start_servers()
        app[0].start_sidecar()
        asking.wait_said(app[0], ("expected TLS, saw a server that speaks without",))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("BOOTSTRAP_TLS_CA_FILE", "expected certificates in PEM"),
        ("BOOTSTRAP_TLS_CERT_FILE", "expected a certificate, and the key that belongs to it"),
        ("BOOTSTRAP_TLS_KEY_FILE", "expected a certificate, and the key that belongs to it"),
    ],
)
def test_files_that_are_none(alone: pods.Pod, tmp_path: Path, name: str, says: str) -> None:
    file = tmp_path / "odd"
    file.write_text("odd\n")
    answer = asking.ask(alone, env={**FEWER, name: str(file)})
    assert answer.status == asking.CONFIGURATION
    assert answer.has_line((says, str(file))), answer


def test_a_key_of_another_certificate(alone: pods.Pod, ours: authority.Authority) -> None:
    answer = asking.ask(alone, env={**FEWER, "BOOTSTRAP_TLS_KEY_FILE": str(ours.issue("a").key)})
    assert answer.status == asking.CONFIGURATION
    assert answer.has_line(("BOOTSTRAP_TLS_CERT_FILE", "key values mismatch")), answer
