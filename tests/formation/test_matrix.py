"""Six pods form on every server of the matrix, and everybody who is asked says so."""

from __future__ import annotations

import json

import pytest

from tests.formation import forming
from tests.statefulset import needs, oracle, servers, sets, sidecar


@pytest.mark.secured
@pytest.mark.parametrize("name", servers.MATRIX)
def test_six_pods_form(name: str) -> None:
    with sets.LocalStatefulSet(6, needs.server(name)) as app:
        app.start_servers()
        settings = oracle.temporary_settings(app.pods)
        app.start_sidecars()
        with forming.told(app):
            forming.wait_formed(app, settings)
            forming.wait_ready(app.pods)
            assert forming.roles(app) == {**forming.THIRDS, 3: 0, 4: 1, 5: 2}
            forming.assert_redis_cli_agrees(app)
            forming.assert_calm(app)
            assert [one.stop_sidecar() for one in app.pods] == [0] * 6
            assert_nothing_is_left_to_do(app)


def assert_nothing_is_left_to_do(app: sets.LocalStatefulSet) -> None:
    """By the word of every pod, in both of its languages; one after the other, as people ask."""
    texts, jsons = asked(app, "--dry-run"), asked(app, "--dry-run", "--output", "json")
    asked(app, "--once")
    for text in texts:
        assert text.output().splitlines()[-1].startswith("nothing to do")
    for report in (json.loads(one.output()) for one in jsons):
        assert report["phase"] == "steady"
        assert [*report["steps"], *report["waiting"], *report["blocked"]] == []
        assert {seen["state"] for seen in report["observed"]} == {"ok"}
        assert len(report["observed"]) == 6


def asked(app: sets.LocalStatefulSet, *args: str) -> list[sidecar.Sidecar]:
    """Run it in all pods together until each has ended, well."""
    started = app.start_sidecars(args)
    for one in started:
        assert one.wait(forming.LONG) == 0, one.output() + one.errors()
    return started


@pytest.mark.secured
@pytest.mark.parametrize("name", servers.MATRIX)
def test_once_is_enough_to_form(name: str) -> None:
    """With `--once` in every pod, each ends when its own node has its place."""
    with sets.LocalStatefulSet(6, needs.server(name)) as app:
        app.start_servers()
        settings = oracle.temporary_settings(app.pods)
        app.start_sidecars(["--once"])
        with forming.told(app):
            for one in app.pods:
                assert one.sidecar.wait(forming.LONG) == 0, one.sidecar.output()
            # Its own: what the others say of it may still be on its way.
            oracle.wait_healthy(app.pods, forming.LONG, replicas_per_shard=1)
            assert oracle.temporary_settings(app.pods) == forming.lasting(app, settings)
            forming.assert_calm(app)


@pytest.mark.parametrize("name", servers.MATRIX)
def test_without_haste_nothing_is_set_for_a_while(name: str) -> None:
    """BOOTSTRAP_FAST_FORM=false forms too. What it sets, each pod sets for good, in its own node."""
    slow = {"BOOTSTRAP_FAST_FORM": "false", "BOOTSTRAP_LOG_LEVEL": "debug"}
    with sets.LocalStatefulSet(6, needs.server(name), sidecar_env=slow) as app:
        app.start_servers()
        settings = oracle.temporary_settings(app.pods)
        app.start_sidecars()
        with forming.told(app):
            forming.wait_formed(app, settings)
        for one in app.pods:
            done = [entry["action"] for entry in forming.events(one, "done")]
            sets_something = [text for text in done if ": config-set " in text]
            assert sets_something
            assert all(text.startswith(f"{one.name}: ") for text in sets_something)
            assert not any("cluster-ping-interval" in text for text in sets_something)
