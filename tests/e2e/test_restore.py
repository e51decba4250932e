"""Copies of all volumes in another namespace: held beside their original, and alive after it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.e2e import kubectl, redisset

LOADER: Final = Path(__file__).parent / "loader"
ADOPTED: Final = redisset.OVERLAYS / "adopted"
HELD: Final = 120.0
"""Seconds for each sidecar to have started and to say why it holds its server down."""

Record = Callable[[str, object], None]


def load(original: redisset.RedisSet, control: kubectl.Kubectl, image: str) -> None:
    """Copy each pod's volume to the same ordinal's in another namespace, one after the other."""
    control.apply(LOADER, image)
    control.until_nothing(lambda: _phase(control), redisset.FORMED, "the loader runs")
    unpack = (redisset.INSIDE / "unpack.py").read_text()
    for ordinal in range(original.wanted):
        packed = original.inside(original.pod(ordinal), redisset.INSIDE / "pack.py", "/data")
        words = ("python", "-c", unpack, f"/data/{ordinal}")
        control("exec", "-i", "loader", "--", *words, stdin=json.dumps(packed))
    control("delete", "pod/loader")


def _phase(control: kubectl.Kubectl) -> str:
    phase = control.json("get", "pod/loader")["status"]["phase"]
    return "" if phase == "Running" else f"its phase is {phase}"


def test_a_copy_is_held_beside_its_original_and_lives_on_after_it(
    restricted: kubectl.Kubectl,
    another: kubectl.Kubectl,
    image: str,
    record_property: Record,
) -> None:
    original, copy = redisset.RedisSet(restricted), redisset.RedisSet(another)
    original.apply(image)
    original.wait_ready()
    original.wait_healthy()
    original.fill("kept")
    load(original, another, image)

    copy.apply(image)
    another.until_nothing(lambda: _not_held(copy), HELD, "every server of the copy is held down")
    assert not any(pod.ready for pod in copy.pods().values())
    # The original has noticed nothing.
    original.wait_healthy()
    assert all(pod.ready for pod in original.pods().values())
    assert original.missing("kept") == []

    restricted("delete", f"statefulset/{original.name}", "--cascade=foreground")
    adopted = redisset.RedisSet(another, folder=ADOPTED)
    adopted.apply(image, {"NAMESPACE": restricted.namespace})
    another("delete", "pods", "--all")
    seconds = adopted.wait_ready()
    adopted.wait_healthy()
    record_property("measured", f"a restored copy is ready {seconds:.1f} s after apply")
    assert adopted.missing("kept") == []


def _not_held(copy: redisset.RedisSet) -> str:
    """Pods of which the sidecar has not said yet that its volume is a copy."""
    silent = []
    for ordinal in range(copy.wanted):
        try:
            told = copy.kubectl("logs", copy.pod(ordinal), "--container=bootstrap")
        except kubectl.KubectlError as error:
            told = str(error)
        if '"code":"copied-volume"' not in told:
            silent.append(copy.pod(ordinal))
    return f"not said yet by {', '.join(silent)}" if silent else ""
