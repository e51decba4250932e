"""How Kubernetes confines a container of a restricted pod, for an OCI runtime to do here."""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import Any, Final

PROFILE: Final = Path("/usr/share/containers/seccomp.json")
"""The runtimes' default list of system calls, as Debian's golang-github-containers-common has it;
buildah depends on it."""
ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}
NOBODY: Final = 65532
SHELLS: Final = ("sh", "bash", "dash", "ash", "busybox")
"""What a base has, and the image does not need."""


def specification(rootfs: Path, args: list[str], env: dict[str, str]) -> dict[str, Any]:
    """Return a runtime's config.json: read-only root, uid 65532, no capability, seccomp.

    The network is the machine's, as the servers are on its loopback. The shells of the base are
    taken away: a restricted pod has them, and an image without them has to do as well.
    """
    return {
        "ociVersion": "1.0.2",
        "root": {"path": str(rootfs), "readonly": True},
        "process": {
            "user": {"uid": NOBODY, "gid": NOBODY},
            "args": args,
            "env": [f"{name}={value}" for name, value in env.items()],
            "cwd": "/",
            "capabilities": {},
            "noNewPrivileges": True,
        },
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]},
            *(_nothing_at(path) for path in shells(rootfs)),
        ],
        "linux": {
            "namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")],
            "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"],
            "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys"],
            "seccomp": _seccomp(),
        },
    }


def shells(rootfs: Path) -> list[str]:
    """Return the shells of a base, as they are called in a container; each file once."""
    files = [rootfs / folder / name for folder in ("usr/bin", "bin") for name in SHELLS]
    real = {path.resolve() for path in files if path.exists()}
    return sorted(f"/{path.relative_to(rootfs.resolve())}" for path in real)


def _nothing_at(path: str) -> dict[str, Any]:
    """A mount that leaves a file empty there, which nobody can execute."""
    return {"destination": path, "type": "bind", "source": "/dev/null", "options": ["bind", "ro"]}


def _seccomp() -> dict[str, Any]:
    """Take from the profile what holds for a process without capabilities on this machine."""
    profile = json.loads(PROFILE.read_text())
    here = ARCHITECTURES[platform.machine()]
    return {
        "defaultAction": profile["defaultAction"],
        "defaultErrnoRet": profile["defaultErrnoRet"],
        "syscalls": [
            {key: rule[key] for key in ("names", "action", "errnoRet", "args") if rule.get(key)}
            for rule in profile["syscalls"]
            if _holds(rule.get("includes") or {}, rule.get("excludes") or {}, here)
        ],
    }


def _holds(includes: dict[str, Any], excludes: dict[str, Any], here: str) -> bool:
    elsewhere = here not in includes.get("arches", [here]) or here in excludes.get("arches", [])
    return not includes.get("caps") and not elsewhere
