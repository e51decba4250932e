"""Which pod of which StatefulSet this is, from what Kubernetes puts into every container.

Only `Files.read` reads files; all else works on texts. The variables that you set come first. If a
guess would be dangerous (a host's name taken for a pod's name), it is a fault that names the
variable to set.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bootstrap.config import errors

DEFAULT_NAMESPACE: Final = "default"
DEFAULT_DOMAIN: Final = "cluster.local"
"""The kubelet's `clusterDomain` in kubeadm and most clusters."""
MAX_NAMESERVERS: Final = 3
"""MAXNS of resolv.h: resolvers ignore further name servers in the file."""

HOST_NETWORK: Final = "# Kubernetes-managed hosts file (host network)."
"""The first line of /etc/hosts in a pod that shares its host's network (kubelet_pods.go)."""
ALIASES: Final = "# Entries added by HostAliases."
"""The names after this line in /etc/hosts are the pod author's own (kubelet_pods.go)."""

_POD_NAME: Final = re.compile(r"(?P<statefulset>.+)-(?P<ordinal>0|[1-9][0-9]*)")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The content of `Files`; empty texts for missing files."""

    hostname: str = ""
    """In lower case."""
    hosts: str = ""
    namespace: str = ""
    resolv: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The files from which a container learns about itself."""

    hostname: Path = Path("/proc/sys/kernel/hostname")
    """The kernel's own answer: it exists in every container, and a test can replace it."""
    hosts: Path = Path("/etc/hosts")
    namespace: Path = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
    resolv: Path = Path("/etc/resolv.conf")

    def read(self) -> Surroundings:
        """Read all of them; a missing or unreadable file counts as empty."""
        return Surroundings(
            hostname=_text(self.hostname).strip().lower(),
            hosts=_text(self.hosts),
            namespace=_text(self.namespace).strip(),
            resolv=_text(self.resolv),
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the environment says; None for unset variables."""

    pod_name: str | None = None
    namespace: str | None = None
    pod_ip: str | None = None
    service: str | None = None
    domain: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The pod in which the sidecar runs."""

    pod_name: str
    statefulset: str
    ordinal: int
    namespace: str
    service: str
    """The name of the headless Service."""
    domain: str
    """The Kubernetes cluster's DNS domain."""
    pod_ip: str | None
    """None if nothing says it yet: a connection will show it later."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fqdn:
    """A pod's DNS name: pod.service.namespace.svc.domain."""

    pod: str
    service: str
    namespace: str
    domain: str


def derive(given: Given, around: Surroundings, faults: errors.Faults) -> Identity | None:
    """Return which pod this is, or None if a fault was noted."""
    pod_name, why_not = given.pod_name, ""
    if pod_name is None:
        pod_name, why_not = _from_hostname(around)
    parts = split_pod_name(pod_name)
    if not parts:
        faults.add(
            "POD_NAME",
            expected="the name of a StatefulSet's pod, which ends in its ordinal, as redis-app-3",
            seen=why_not or repr(pod_name),
            fix="set POD_NAME from the field metadata.name, and run in a StatefulSet",
        )
    address, fqdn = own_entry(around.hosts, pod_name)
    # Without an entry in the file, the hostname may be the FQDN (setHostnameAsFQDN).
    fqdn = fqdn or _if_of(pod_name, parse_fqdn(around.hostname))
    service = given.service or (fqdn and fqdn.service)
    if not service:
        faults.add(
            "BOOTSTRAP_SERVICE",
            expected="the name of the headless Service",
            seen=f"none set, and no {pod_name or 'pod'}.SERVICE.NAMESPACE.svc.DOMAIN in /etc/hosts",
            fix="set it to the StatefulSet's spec.serviceName",
        )
    if not parts or not service:
        return None
    return Identity(
        pod_name=pod_name,
        statefulset=parts[0],
        ordinal=parts[1],
        namespace=(
            given.namespace or around.namespace or (fqdn and fqdn.namespace) or DEFAULT_NAMESPACE
        ),
        service=service,
        domain=(
            given.domain or (fqdn and fqdn.domain) or search_domain(around.resolv) or DEFAULT_DOMAIN
        ),
        pod_ip=given.pod_ip or address,
    )


def split_pod_name(name: str) -> tuple[str, int] | None:
    """Return StatefulSet and ordinal: redis-app-3 is ("redis-app", 3). None for other names."""
    match = _POD_NAME.fullmatch(name)
    return (match["statefulset"], int(match["ordinal"])) if match else None


def parse_fqdn(name: str) -> Fqdn | None:
    """Return the parts of pod.service.namespace.svc.domain, or None for other names."""
    match name.rstrip(".").split("."):
        case [pod, service, namespace, "svc", *domain] if domain:
            return Fqdn(pod=pod, service=service, namespace=namespace, domain=".".join(domain))
    return None


def own_entry(hosts: str, pod_name: str) -> tuple[str | None, Fqdn | None]:
    """Return the pod's first address and its DNS name, as the kubelet wrote them.

    A dual-stack pod has a line for each family. The first is `status.podIP`.
    """
    for address, names in _entries(hosts):
        fqdn = next(
            (found for name in names if (found := _if_of(pod_name, parse_fqdn(name)))), None
        )
        if fqdn or pod_name in names:
            return address, fqdn
    return None, None


def search_domain(resolv: str) -> str | None:
    """Return the cluster's domain: the search list holds it as `svc.DOMAIN`."""
    # The last of several lists counts (resolv.conf(5)).
    lists = [words[1:] for words in _lines(resolv) if words[0] == "search"]
    for name in (entry.rstrip(".") for entry in (lists[-1] if lists else ())):
        match name.split("."):
            case ["svc", *domain] | [_, "svc", *domain] if domain:
                return ".".join(domain)
    return None


def nameservers(resolv: str) -> tuple[str, ...]:
    """Return the addresses of the name servers; lines without an address are skipped."""
    words = [words[1] for words in _lines(resolv) if words[0] == "nameserver" and len(words) > 1]
    return tuple(word for word in words if _address(word))[:MAX_NAMESERVERS]


def _from_hostname(around: Surroundings) -> tuple[str, str]:
    """Return the name from the hostname, and what to say if it cannot be the pod's."""
    if around.hosts.startswith(HOST_NETWORK):
        # A host is often called worker-3, which would be a StatefulSet "worker", ordinal 3.
        return "", f"none set, and the hostname {around.hostname!r} is the node's (hostNetwork)"
    name = around.hostname.partition(".")[0]
    return name, f"none set, and the hostname {around.hostname!r}"


def _if_of(pod_name: str, fqdn: Fqdn | None) -> Fqdn | None:
    return fqdn if fqdn and fqdn.pod == pod_name else None


def _entries(hosts: str) -> Iterator[tuple[str, list[str]]]:
    """Yield address and names of each line that is neither loopback nor an alias."""
    for words in _lines(hosts.partition(ALIASES)[0]):
        address = _address(words[0])
        # Outside Kubernetes a host's own name is often at 127.0.1.1. It must not be announced.
        if address and not address.is_loopback:
            yield str(address), words[1:]


def _lines(text: str) -> Iterator[list[str]]:
    for line in text.splitlines():
        # Comments begin with `#` in hosts, with `#` or `;` in resolv.conf; no name has either.
        if words := re.split("[#;]", line)[0].split():
            yield words


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""
