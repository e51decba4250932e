"""What the servers of a build run with: redis.conf and the files that it includes."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from tests.manifests.render import Build

_UNITS: Final = {
    "": 1,
    "kb": 2**10,
    "mb": 2**20,
    "gb": 2**30,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
}


def effective(build: Build) -> dict[str, str]:
    """Return the settings by name; of several lines the last one counts, as for a server."""
    files = _files(build)
    path = PurePosixPath(build.redis["command"][1])
    return dict(_settings(files, path))


def settings(text: str) -> Iterator[tuple[str, str]]:
    """Yield name and value of each line that is no comment."""
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition(" ")
            yield name, value


def without_reason(text: str) -> list[str]:
    """Return the settings above which nobody says why; lines in a row share their reason."""
    found, reason = [], False
    for line in text.splitlines():
        if not line or line.startswith("#"):
            reason = bool(line)
        elif not reason:
            found.append(line)
    return found


def size(text: str) -> int:
    """Return bytes, of an amount as Redis or as Kubernetes writes it."""
    match = re.fullmatch(r"([0-9]+)([a-zA-Z]*)", text)
    assert match, text
    return int(match[1]) * _UNITS[match[2]]


def _files(build: Build) -> dict[PurePosixPath, str]:
    """The files of ConfigMaps where the server's container finds them."""
    mounts = {one["name"]: one["mountPath"] for one in build.redis["volumeMounts"]}
    files: dict[PurePosixPath, str] = {}
    for volume in build.pod["volumes"]:
        if "configMap" in volume and volume["name"] in mounts:
            data = build.called("ConfigMap", volume["configMap"]["name"])["data"]
            folder = PurePosixPath(mounts[volume["name"]])
            files |= {folder / name: text for name, text in data.items()}
    return files


def _settings(files: dict[PurePosixPath, str], path: PurePosixPath) -> Iterator[tuple[str, str]]:
    for name, value in settings(files[path]):
        if name != "include":
            yield name, value
            continue
        for other in sorted(files):
            if fnmatch.fnmatch(str(other), value):
                yield from _settings(files, other)
