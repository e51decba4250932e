"""Checks that need several variables, or the files that they name.

`parsed` holds the parsed values by variable name: None if one is unset or faulty.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from bootstrap.config import errors, identity, parsers, secret
from bootstrap.model import fast_form
from bootstrap.model.topology import LEAST_SHARDS

Parsed: TypeAlias = Mapping[str, Any]

SLOTS: Final = 16384
"""Hash slots of every cluster, and so the most pods that can own one."""


def ordinal(ordinal: int, *, start: int | None, faults: errors.Faults) -> None:
    """Check that the pod's ordinal is not below that of the seed, which is the first pod."""
    if start is not None and ordinal < start:
        faults.add(
            "BOOTSTRAP_ORDINAL_START",
            expected=f"at most {ordinal}, the ordinal of this pod",
            seen=str(start),
            fix="set it to the StatefulSet's spec.ordinals.start (0 where there is none)",
        )


def size_fits(parsed: Parsed) -> bool:
    """Whether BOOTSTRAP_SIZE makes enough shards for a failover, or fewer are allowed."""
    pods: int | None = parsed["BOOTSTRAP_SIZE"]
    replicas: int | None = parsed["BOOTSTRAP_REPLICAS_PER_SHARD"]
    if pods is None or replicas is None:
        return True
    return pods // (1 + replicas) >= (1 if parsed["BOOTSTRAP_ALLOW_FEWER_SHARDS"] else LEAST_SHARDS)


def node_timeout(parsed: Parsed, faults: errors.Faults) -> None:
    """Check that the node time-out is not a value that marks a temporary setting of forming."""
    value: int | None = parsed["BOOTSTRAP_NODE_TIMEOUT"]
    if value in fast_form.MARKS:
        marks = ", ".join(map(str, sorted(fast_form.MARKS)))
        faults.add(
            "BOOTSTRAP_NODE_TIMEOUT",
            expected=f"none of {marks}: a server with one of these is taken for one that forming"
            " has hurried, and the value put back",
            seen=str(value),
            fix=f"set it, and the servers' {fast_form.NODE_TIMEOUT}, to {value + 1}",
        )


def credentials(parsed: Parsed, faults: errors.Faults) -> secret.Credentials:
    """Return the credentials. Check that the password has one source and the file is readable.

    A user needs a password too.
    """
    username: str | None = parsed["BOOTSTRAP_REDIS_USERNAME"]
    password: secret.Secret | None = parsed["BOOTSTRAP_REDIS_PASSWORD"]
    file: Path | None = parsed["BOOTSTRAP_REDIS_PASSWORD_FILE"]
    found = secret.Credentials(username, password, file)
    if password and file:
        faults.add(
            "BOOTSTRAP_REDIS_PASSWORD",
            expected="either this or BOOTSTRAP_REDIS_PASSWORD_FILE",
            seen=f"both (the file is {file})",
            fix="unset one of them",
        )
    elif username and not password and not file and "BOOTSTRAP_REDIS_PASSWORD" not in faults:
        faults.add(
            "BOOTSTRAP_REDIS_USERNAME",
            expected="a password for the user as well",
            seen=f"the user {username!r} alone",
            fix="set BOOTSTRAP_REDIS_PASSWORD_FILE or BOOTSTRAP_REDIS_PASSWORD, or unset the user",
        )
    elif file:
        try:
            found.current()
        except secret.PasswordFileError as error:
            faults.add(
                "BOOTSTRAP_REDIS_PASSWORD_FILE",
                expected="a readable file that holds the password as UTF-8 text",
                seen=str(error),
                fix="check the path, the volume that is mounted there, and its permissions",
            )
    return found


def wish(parsed: Parsed, faults: errors.Faults) -> None:
    """Check that the wished number of shards has one source."""
    if parsed["BOOTSTRAP_SHARDS"] and parsed["BOOTSTRAP_SHARDS_FILE"]:
        faults.add(
            "BOOTSTRAP_SHARDS",
            expected="either this or BOOTSTRAP_SHARDS_FILE",
            seen=f"both (the file is {parsed['BOOTSTRAP_SHARDS_FILE']})",
            fix="unset one of them",
        )


def tls(parsed: Parsed, faults: errors.Faults) -> None:
    """With TLS on, check that all files are readable, and that certificate and key are both set."""
    if not parsed["BOOTSTRAP_TLS"]:
        return
    pair = ("BOOTSTRAP_TLS_CERT_FILE", "BOOTSTRAP_TLS_KEY_FILE")
    for name in ("BOOTSTRAP_TLS_CA_FILE", *pair):
        file: Path | None = parsed[name]
        if file and (problem := _unreadable(file)):
            faults.add(
                name,
                expected="a readable file, since BOOTSTRAP_TLS is on",
                seen=f"{str(file)!r} ({problem})",
                fix="check the path, the volume that is mounted there, and its permissions",
            )
    for one, other in (pair, pair[::-1]):
        if parsed[one] and not parsed[other]:
            faults.add(
                other,
                expected=f"to be set together with {one}",
                seen="nothing",
                fix=f"set it to the file that belongs to {str(parsed[one])!r}, or unset {one}",
            )


def data_dir(parsed: Parsed, faults: errors.Faults) -> None:
    """Check that the volume can be read, if BOOTSTRAP_DATA_DIR is set.

    This is a fault, not a warning. Without the volume the start gate guards nothing, and you would
    notice only when data is lost. Volumes are mounted before any container starts, so the fault
    shows at the first start, and never stops a pod that ran before.
    """
    folder: Path | None = parsed["BOOTSTRAP_DATA_DIR"]
    if not folder:
        return
    try:
        next(folder.iterdir(), None)
    except OSError as error:
        faults.add(
            "BOOTSTRAP_DATA_DIR",
            expected="a folder that can be read, where the volume of Redis is mounted",
            seen=f"{str(folder)!r} ({error.strerror or type(error).__name__})",
            fix="add the volumeMount to the sidecar (readOnly), let it run as a user that may read"
            " the volume, or unset the variable",
        )


def nameservers(resolv: str, *, source: Path, faults: errors.Faults) -> tuple[tuple[str, int], ...]:
    """Return address and port of the name servers in resolv.conf; it is a fault if it has none."""
    found = tuple((address, parsers.DNS_PORT) for address in identity.nameservers(resolv))
    if not found:
        faults.add(
            "BOOTSTRAP_NAMESERVERS",
            expected="the address of a name server: peers are found by DNS alone",
            seen=f"none set, and none in {source}",
            fix="set it to the cluster's DNS Service, as 10.96.0.10, or mend the pod's dnsPolicy",
        )
    return found


def _unreadable(file: Path) -> str | None:
    try:
        with file.open("rb") as opened:
            opened.read(1)
    except OSError as error:
        return error.strerror or type(error).__name__
    return None
