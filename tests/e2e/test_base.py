"""manifests/base as it is: forms, keeps its keys through what befalls pods, and is quiet."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Final

import pytest

from tests.bench import idle
from tests.e2e import kubectl, redisset

QUIET: Final = 60.0
OWN: Final = frozenset({"command|docs"})
"""What redis-cli asks for itself."""

Record = Callable[[str, object], None]


def test_forms_and_gets_ready(
    formed: tuple[redisset.RedisSet, float], record_property: Record
) -> None:
    app, seconds = formed
    record_property("measured", f"{app.wanted} pods ready {seconds:.1f} s after apply")
    assert app.wanted == 6
    assert len(app.primaries()) == 3


def test_pods_that_are_not_restricted_are_kept_out(restricted: kubectl.Kubectl, image: str) -> None:
    # Without it, to form in such a namespace would say nothing.
    with pytest.raises(kubectl.KubectlError, match="violates PodSecurity"):
        restricted("run", "intruder", f"--image={image}", "--privileged", "--dry-run=server")


def test_a_dry_run_in_every_pod_has_nothing_to_do(base: redisset.RedisSet) -> None:
    for name in base.pods():
        told = json.loads(base.bootstrap(name, "--dry-run", "--output", "json"))
        assert (told["phase"], told["steps"], told["blocked"]) == ("steady", [], [])


def test_one_pod_is_deleted(base: redisset.RedisSet) -> None:
    base.delete_pods(base.primaries()[-1])
    base.wait_healthy()
    assert base.missing("base") == []


def test_a_pod_is_deleted_with_its_claim(base: redisset.RedisSet) -> None:
    lost = base.primaries()[-1]
    before = {view.pod: view.node_id for view in base.wait_healthy()}
    base.delete_pods(lost, with_claims=True)
    after = {view.pod: view.node_id for view in base.wait_healthy()}
    assert {name for name in before if before[name] != after[name]} == {lost}
    assert base.missing("base") == []


def test_the_seed_is_deleted_with_its_claim(base: redisset.RedisSet) -> None:
    seed = base.pod(0)
    before = {view.pod: view.node_id for view in base.wait_healthy()}
    base.delete_pods(seed, with_claims=True)
    after = {view.pod: view.node_id for view in base.wait_healthy()}
    assert {name for name in before if before[name] != after[name]} == {seed}
    assert base.missing("base") == []


def test_all_pods_are_deleted_at_once(base: redisset.RedisSet, record_property: Record) -> None:
    before = {view.pod: view.node_id for view in base.wait_healthy()}
    began = time.monotonic()
    base.delete_pods(*base.pods())
    after = {view.pod: view.node_id for view in base.wait_healthy()}
    record_property("measured", f"all pods deleted: healthy after {time.monotonic() - began:.1f} s")
    assert after == before
    assert base.missing("base") == []


def test_nothing_is_written_while_all_is_well(base: redisset.RedisSet) -> None:
    before = base.calls()
    time.sleep(QUIET)
    after = base.calls()
    written = {
        pod: sorted(name for name, count in calls.items() if count != before[pod].get(name))
        for pod, calls in after.items()
    }
    allowed = idle.READS | OWN
    assert {pod: set(names) - allowed for pod, names in written.items()} == {
        pod: set() for pod in before
    }
