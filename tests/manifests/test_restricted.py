"""Pods are let into a namespace that enforces Pod Security "restricted"."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from tests.manifests import render, restricted

OURS = [folder for folder in render.folders() if folder != render.THIRD_PARTY]


@pytest.mark.parametrize("folder", OURS, ids=render.short)
def test_pods_are_restricted(folder: Path) -> None:
    assert restricted.violations(render.build(folder).pod) == []


def test_in_a_pod_of_others_the_sidecar_is(every: render.Build) -> None:
    assert restricted.of_container(every.pod, render.SIDECAR) == []


@pytest.mark.parametrize(
    ("path", "value", "wrong"),
    [
        ("hostNetwork", True, "hostNetwork"),
        ("securityContext.runAsNonRoot", False, "pod: runAsNonRoot"),
        ("securityContext.runAsNonRoot", None, "redis: runAsNonRoot"),
        ("securityContext.runAsUser", 0, "pod: runAsUser is 0"),
        ("securityContext.seccompProfile", None, "redis: seccompProfile"),
        ("securityContext.seccompProfile.type", "Unconfined", "pod: seccompProfile"),
        ("securityContext.sysctls", [{"name": "kernel.msgmax"}], "sysctl kernel.msgmax"),
        ("volumes.0", {"name": "h", "hostPath": {"path": "/"}}, "volume h: hostPath"),
        ("volumes.0", {"name": "n", "nfs": {"server": "n"}}, "volume n: nfs"),
        ("containers.0.ports.0.hostPort", 6379, "redis: hostPort"),
        ("containers.0.securityContext.privileged", True, "redis: privileged"),
        ("containers.0.securityContext.procMount", "Unmasked", "redis: procMount"),
        (
            "containers.0.securityContext.allowPrivilegeEscalation",
            None,
            "redis: allowPrivilegeEscalation is not false",
        ),
        (
            "containers.0.securityContext.capabilities.drop",
            ["NET_RAW"],
            "redis: capabilities: ALL is not dropped",
        ),
        (
            "containers.0.securityContext.capabilities.add",
            ["SYS_NICE"],
            "redis: capabilities: SYS_NICE is added",
        ),
        ("containers.0.securityContext.runAsUser", 0, "redis: runAsUser is 0"),
        (
            "containers.0.securityContext.seLinuxOptions",
            {"type": "spc_t"},
            "redis: seLinuxOptions",
        ),
        (
            "containers.0.securityContext.appArmorProfile",
            {"type": "Unconfined"},
            "redis: appArmorProfile",
        ),
        (
            "containers.0.lifecycle.preStop.httpGet.host",
            "other",
            "redis: a probe or hook of another host",
        ),
        (
            "initContainers.0.securityContext.runAsNonRoot",
            False,
            "bootstrap: runAsNonRoot",
        ),
    ],
)
def test_each_control_is_looked_at(path: str, value: Any, wrong: str) -> None:
    pod: Any = copy.deepcopy(render.build(render.MANIFESTS / "base").pod)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    part = pod
    for name in parents:
        part = part[name]
    if value is None:
        del part[last]
    else:
        part[last] = value
    assert wrong in restricted.violations(pod)
