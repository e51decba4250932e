"""Namespaces that go with their tests, and what is to be seen in them when a test fails."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Generator, Iterator
from typing import Final

import pytest

from tests.e2e import kubectl, redisset

REASON: Final = "needs a Kubernetes: scripts/e2e --image NAME runs it on the one of KUBECONFIG"
GONE: Final = 300
"""Seconds for the end of all that is in a namespace: pods have a minute, volumes go after them."""
_open: dict[str, kubectl.Kubectl] = {}
"""Namespaces that are there, by the fixture that made each."""
_failed: set[str] = set()
"""Fixtures whose namespace a failed test has used."""


@pytest.fixture(scope="session")
def image() -> str:
    """The sidecar's image, as the cluster can have it."""
    # Not KUBECONFIG alone: nobody's cluster is worked on by a mere scripts/test.
    named = os.environ.get("E2E_IMAGE")
    if not named:
        pytest.skip(REASON)
    return named


@pytest.fixture
def restricted(image: str) -> Iterator[kubectl.Kubectl]:
    """An empty namespace that enforces Pod Security "restricted"."""
    with _namespace("restricted", "restricted") as control:
        yield control


@pytest.fixture
def another(image: str) -> Iterator[kubectl.Kubectl]:
    """A second empty namespace that enforces Pod Security "restricted"."""
    with _namespace("another", "restricted") as control:
        yield control


@pytest.fixture
def lenient(image: str) -> Iterator[kubectl.Kubectl]:
    """An empty namespace for pods of other people."""
    with _namespace("lenient", "privileged") as control:
        yield control


@pytest.fixture(scope="session")
def formed(image: str) -> Iterator[tuple[redisset.RedisSet, float]]:
    """manifests/base for all tests that leave it whole, and the seconds until it was ready."""
    with _namespace("formed", "restricted") as control:
        app = redisset.RedisSet(control)
        app.apply(image)
        seconds = app.wait_ready()
        app.wait_healthy()
        app.fill("base")
        yield app, seconds


@pytest.fixture
def base(formed: tuple[redisset.RedisSet, float]) -> redisset.RedisSet:
    """The same, found healthy and with its keys before the test, whatever the last one did."""
    app, _ = formed
    app.wait_ready()
    app.wait_healthy()
    assert app.missing("base") == []
    return app


@contextlib.contextmanager
def _namespace(fixture: str, security: str) -> Iterator[kubectl.Kubectl]:
    name = f"bootstrap-e2e-{secrets.token_hex(3)}"
    labels = {"pod-security.kubernetes.io/enforce": security}
    metadata = {"name": name, "labels": labels}
    control = kubectl.Kubectl(name)
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    control("create", "--filename=-", stdin=json.dumps(made))
    _open[fixture] = control
    _failed.discard(fixture)
    try:
        yield control
    except BaseException as error:  # the fixture's own failure: it is gone before the test's report
        _failed.add(fixture)
        error.add_note("\n".join(control.report()))
        raise
    finally:
        del _open[fixture]
        if os.environ.get("E2E_KEEP") and fixture in _failed:
            print(f"kept: namespace {name}")
        else:
            control("delete", "namespace", name, f"--timeout={GONE}s", timeout=GONE + 30)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    used = _open.keys() & set(getattr(item, "fixturenames", ()))
    if report.failed:
        _failed.update(used)
        for fixture in sorted(used):
            control = _open[fixture]
            report.sections.append((f"namespace {control.namespace}", "\n".join(control.report())))
    return report
