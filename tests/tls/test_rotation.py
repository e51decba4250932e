"""Certificates are renewed under a cluster that runs: the files change, and nobody restarts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.formation import forming
from tests.keeping import keeping
from tests.statefulset import authority, oracle, sets
from tests.tls import showing

OFTEN: Final = {"BOOTSTRAP_INTERVAL": "300ms", "BOOTSTRAP_LOG_LEVEL": "debug"}
NAME: Final = "redis-app-{}.redis-service.default.svc.cluster.local"


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> authority.Authority:
    return authority.Authority(tmp_path_factory.mktemp("issuer"))


@pytest.fixture(scope="module")
def formed(issuer: authority.Authority) -> Iterator[sets.LocalStatefulSet]:
    with keeping.formed("redis-7.0", tls=issuer.per_pod, sidecar_env=OFTEN) as app:
        yield app


def runs(app: sets.LocalStatefulSet) -> list[object]:
    """What is another after a restart."""
    return [(one.ask("INFO", "server")["run_id"], one.sidecar.pid) for one in app.pods]


def wait_up_to_date(app: sets.LocalStatefulSet) -> None:
    forming.until(
        lambda: all(showing.up_to_date(one) for one in app.pods),
        lambda: [one.name for one in app.pods if not showing.up_to_date(one)],
    )


def reloads(app: sets.LocalStatefulSet) -> list[int]:
    """How often each sidecar has told its server to read the files."""
    done = ([entry["action"] for entry in forming.events(one, "done")] for one in app.pods)
    return [sum("reload-certificates" in action for action in actions) for actions in done]


def test_new_connections_use_the_new_certificates(
    formed: sets.LocalStatefulSet, issuer: authority.Authority
) -> None:
    before, told = runs(formed), reloads(formed)
    old = [showing.shown(one) for one in formed.pods]
    for one in formed.pods:
        issuer.issue(one.fqdn)
    wait_up_to_date(formed)
    assert not set(old) & {showing.shown(one) for one in formed.pods}
    assert runs(formed) == before
    # Each was told once, and all is well: nothing more is sent.
    forming.until(
        lambda: all(forming.phase(one) == "steady" for one in formed.pods),
        lambda: [forming.phase(one) for one in formed.pods],
    )
    assert reloads(formed) == [count + 1 for count in told]
    assert not keeping.missing_keys(formed)
    forming.assert_calm(formed)


def test_whoever_was_away_meanwhile_notices(
    formed: sets.LocalStatefulSet, issuer: authority.Authority
) -> None:
    """By what the server shows: nothing is remembered beyond a sidecar's life."""
    one = formed[2]
    one.stop_sidecar()
    issuer.issue(one.fqdn)
    assert not showing.up_to_date(one)
    one.start_sidecar()
    wait_up_to_date(formed)


def test_a_certificate_that_would_not_do_stays_out_of_the_server(
    formed: sets.LocalStatefulSet, issuer: authority.Authority
) -> None:
    """Nobody could speak with the server any more; so it goes on with the one that it has."""
    one = formed[1]
    assert one.tls is not None
    good, before = issuer.issue("redis-app-9.elsewhere"), showing.shown(one)
    good.key.replace(one.tls.key)
    good.cert.replace(one.tls.cert)
    forming.until(
        lambda: any("would not do for" in str(entry) for entry in forming.events(one, "tls-files")),
        lambda: forming.events(one, "tls-files"),
    )
    assert showing.shown(one) == before
    issuer.issue(one.fqdn)
    wait_up_to_date(formed)


def test_files_that_are_no_pair_are_not_taken(
    formed: sets.LocalStatefulSet, issuer: authority.Authority
) -> None:
    one = formed[3]
    assert one.tls is not None
    one.tls.cert.write_text("nothing\n")
    forming.until(
        lambda: "the ones before stay in use" in str(forming.events(one, "tls-files")),
        lambda: forming.events(one, "tls-files"),
    )
    assert forming.answers(one)[0] == 200
    issuer.issue(one.fqdn)
    wait_up_to_date(formed)


def test_one_authority_takes_the_place_of_another(
    formed: sets.LocalStatefulSet, issuer: authority.Authority, tmp_path: Path
) -> None:
    """Both are trusted, then all certificates come from the new one, then it alone is trusted."""
    before, new = runs(formed), authority.Authority(tmp_path, "successor")
    told = reloads(formed)
    old = issuer.ca.read_text()
    _write(issuer.ca, old + new.ca.read_text())
    _wait_reloaded(formed, told)
    _renew(formed, new)
    wait_up_to_date(formed)
    told = reloads(formed)
    _write(issuer.ca, new.ca.read_text())
    _wait_reloaded(formed, told)
    # The bus too: new links come about only where each side trusts the other.
    lost = formed[5]
    keeping.down(formed, [lost], wipe=True)
    keeping.bring_back(formed, [lost])
    assert runs(formed)[:5] == before[:5]
    assert oracle.problems(formed.pods) == []
    assert not keeping.missing_keys(formed)


def test_authority_and_certificates_change_at_once(
    formed: sets.LocalStatefulSet, issuer: authority.Authority, tmp_path: Path
) -> None:
    """As where they are in one Secret: what servers show is trusted by nobody for a moment."""
    before, new = runs(formed), authority.Authority(tmp_path, "at-once")
    _write(issuer.ca, new.ca.read_text())
    _renew(formed, new)
    wait_up_to_date(formed)
    assert runs(formed) == before
    forming.wait_ready(formed.pods)
    lost = formed[4]
    keeping.down(formed, [lost], wipe=True)
    keeping.bring_back(formed, [lost])
    assert not keeping.missing_keys(formed)


def _renew(app: sets.LocalStatefulSet, new: authority.Authority) -> None:
    """Certificates from another authority take the place of those that the pods have."""
    for one in app.pods:
        files = new.issue(one.fqdn)
        assert one.tls is not None
        files.key.replace(one.tls.key)
        files.cert.replace(one.tls.cert)


def _wait_reloaded(app: sets.LocalStatefulSet, told: list[int]) -> None:
    """Every server has read its files again since."""
    forming.until(
        lambda: all(now > then for now, then in zip(reloads(app), told, strict=True)),
        lambda: (reloads(app), told),
    )


def _write(file: Path, text: str) -> None:
    fresh = file.with_name("fresh")
    fresh.write_text(text)
    fresh.replace(file)
