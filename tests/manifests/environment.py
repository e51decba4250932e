"""What the sidecar of a build finds when it starts: its variables and files, in a folder here."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Final

from bootstrap.config import identity, parsers, settings
from tests.manifests.render import Build, Object

FIELDS: Final = {
    "metadata.name": "redis-app-10",
    "metadata.namespace": "shop",
    "spec.nodeName": "worker-1",
    "status.podIP": "10.1.2.3",
    "metadata.labels['topology.kubernetes.io/zone']": "zone-1",
}
"""What the kubelet fills in."""
_PATHS: Final = {one.name for one in settings.table() if one.parse is parsers.path}


class NotMountedError(Exception):
    """A variable names a file that no volume of the container holds."""


def read(build: Build, folder: Path) -> settings.Settings:
    """Return the settings as the sidecar reads them; ConfigurationError as it would say."""
    pod, service = f"{_name(build)}-10", build.statefulset["spec"]["serviceName"]
    folder.mkdir(exist_ok=True)
    files = identity.Files(
        hostname=folder / "hostname",
        hosts=folder / "hosts",
        namespace=folder / "namespace",
        resolv=folder / "resolv.conf",
    )
    files.hostname.write_text(f"{pod}\n")
    files.hosts.write_text(f"10.1.2.3 {pod}.{service}.shop.svc.cluster.local {pod}\n")
    files.resolv.write_text("nameserver 10.96.0.10\n")
    environ = {name: _here(build, name, text, folder) for name, text in variables(build).items()}
    return settings.read(environ, files)


def variables(build: Build) -> dict[str, str]:
    """Return the sidecar's variables; one that comes from a field has a likely value."""
    found = {}
    for one in build.sidecar["env"]:
        assert one["name"] not in found, f"{one['name']} is set twice"
        found[one["name"]] = one["value"] if "value" in one else _field(one)
    return found


def _field(variable: Object) -> str:
    return FIELDS[variable["valueFrom"]["fieldRef"]["fieldPath"]]


def _here(build: Build, name: str, text: str, folder: Path) -> str:
    """Move a path into the folder, if the container has a volume there that holds it."""
    if name not in _PATHS:
        return text
    path = PurePosixPath(text)
    mounts = [PurePosixPath(one["mountPath"]) for one in build.sidecar["volumeMounts"]]
    if not any(path.is_relative_to(mount) for mount in mounts):
        raise NotMountedError(f"{name}={text}: the sidecar has volumes at {mounts} only")
    moved = folder / str(path).lstrip("/")
    if path in mounts:
        moved.mkdir(parents=True, exist_ok=True)
    else:
        moved.parent.mkdir(parents=True, exist_ok=True)
        moved.write_text("content\n")
    return str(moved)


def _name(build: Build) -> str:
    found: str = build.statefulset["metadata"]["name"]
    return found
