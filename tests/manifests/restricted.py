"""The Pod Security Standard "restricted", and "baseline" below it, as far as Linux goes.

One function per control of the standard; each yields what is wrong, named by container.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from tests.manifests.render import Object, containers

Control: TypeAlias = Callable[[Object], Iterator[str]]

VOLUMES: Final = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)
SYSCTLS: Final = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_syncookies",
    }
)
SELINUX_TYPES: Final = frozenset(
    {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
)


def violations(pod: Object) -> list[str]:
    """Return what keeps a pod's spec out of a namespace that enforces "restricted"."""
    return [text for control in _CONTROLS for text in control(pod)]


def of_container(pod: Object, name: str) -> list[str]:
    """Return what is wrong with one container alone, whatever the rest of the pod is like."""
    (one,) = (one for one in containers(pod) if one["name"] == name)
    alone = {"containers": [one], "securityContext": {"runAsNonRoot": True}}
    return violations(alone)


def _namespaces(pod: Object) -> Iterator[str]:
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(name):
            yield name


def _privileged(pod: Object) -> Iterator[str]:
    for name, context in _contexts(pod):
        if context.get("privileged"):
            yield f"{name}: privileged"
        if context.get("windowsOptions", {}).get("hostProcess"):
            yield f"{name}: hostProcess"


def _escalation(pod: Object) -> Iterator[str]:
    for name, context in _contexts(pod, of_pod=False):
        if context.get("allowPrivilegeEscalation") is not False:
            yield f"{name}: allowPrivilegeEscalation is not false"


def _capabilities(pod: Object) -> Iterator[str]:
    for name, context in _contexts(pod, of_pod=False):
        has = context.get("capabilities", {})
        if "ALL" not in has.get("drop", []):
            yield f"{name}: capabilities: ALL is not dropped"
        for one in set(has.get("add", [])) - {"NET_BIND_SERVICE"}:
            yield f"{name}: capabilities: {one} is added"


def _user(pod: Object) -> Iterator[str]:
    for name, context in _contexts(pod):
        if context.get("runAsUser") == 0:
            yield f"{name}: runAsUser is 0"
    yield from _inherited(pod, "runAsNonRoot", lambda value: value is True)


def _seccomp(pod: Object) -> Iterator[str]:
    good = {"RuntimeDefault", "Localhost"}
    yield from _inherited(pod, "seccompProfile", lambda value: (value or {}).get("type") in good)


def _other_profiles(pod: Object) -> Iterator[str]:
    for name, context in _contexts(pod):
        if context.get("appArmorProfile", {}).get("type") == "Unconfined":
            yield f"{name}: appArmorProfile"
        labels = context.get("seLinuxOptions", {})
        if labels.get("user") or labels.get("role") or labels.get("type", "") not in SELINUX_TYPES:
            yield f"{name}: seLinuxOptions"
        if context.get("procMount", "Default") != "Default":
            yield f"{name}: procMount"


def _sysctls(pod: Object) -> Iterator[str]:
    for one in pod.get("securityContext", {}).get("sysctls", []):
        if one["name"] not in SYSCTLS:
            yield f"sysctl {one['name']}"


def _volumes(pod: Object) -> Iterator[str]:
    for volume in pod.get("volumes", []):
        for kind in volume.keys() - {"name"} - VOLUMES:
            yield f"volume {volume['name']}: {kind}"


def _hosts(pod: Object) -> Iterator[str]:
    for one in containers(pod):
        for port in one.get("ports", []):
            if port.get("hostPort"):
                yield f"{one['name']}: hostPort"
        hooks = one.get("lifecycle", {})
        probes = [one.get(f"{kind}Probe", {}) for kind in ("startup", "liveness", "readiness")]
        for asked in (*probes, hooks.get("preStop", {}), hooks.get("postStart", {})):
            if any(asked.get(kind, {}).get("host") for kind in ("httpGet", "tcpSocket")):
                yield f"{one['name']}: a probe or hook of another host"


def _contexts(pod: Object, *, of_pod: bool = True) -> Iterator[tuple[str, Object]]:
    if of_pod:
        yield "pod", pod.get("securityContext", {})
    for one in containers(pod):
        yield one["name"], one.get("securityContext", {})


def _inherited(pod: Object, key: str, good: Callable[[Any], bool]) -> Iterator[str]:
    """What a container does not say counts as the pod says it; a pod need not say it at all."""
    whole = pod.get("securityContext", {}).get(key)
    for name, context in _contexts(pod, of_pod=False):
        if not good(context.get(key, whole)):
            yield f"{name}: {key}"
    if whole is not None and not good(whole):
        yield f"pod: {key}"


_CONTROLS: Final[tuple[Control, ...]] = (
    _namespaces,
    _privileged,
    _escalation,
    _capabilities,
    _user,
    _seccomp,
    _other_profiles,
    _sysctls,
    _volumes,
    _hosts,
)
