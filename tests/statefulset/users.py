"""Servers with users: one for sidecars and servers, one for the tests, and nobody else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from bootstrap.model import acl
from tests.statefulset import config

SIDECAR: Final = "bootstrap"
ADMIN: Final = "admin"
PASSWORD: Final = "s3cret-of-the-sidecars"
ADMINS: Final = "s3cret-of-the-tests"
RIGHTS: Final = tuple(acl.rule().split())
"""All that the product asks for."""


def rules(some: Iterable[str] = RIGHTS, *passwords: str) -> str:
    """What ACL SETUSER takes after the name: no key, no channel, and only these commands."""
    let_in = " ".join(f">{password}" for password in passwords or (PASSWORD,))
    return f"reset on {let_in} resetkeys resetchannels -@all {' '.join(some)}"


def only(some: Iterable[str] = RIGHTS) -> config.Settings:
    """Lines of redis.conf for servers that know these users only."""
    return {
        f"user {SIDECAR}": rules(some),
        f"user {ADMIN}": f"on >{ADMINS} ~* &* +@all",
        "user default": "off",
    }


def environment(password: str = PASSWORD) -> dict[str, str]:
    """Who a sidecar is."""
    return {"BOOTSTRAP_REDIS_USERNAME": SIDECAR, "BOOTSTRAP_REDIS_PASSWORD": password}


def login(server_config: config.Settings) -> Mapping[str, str]:
    """The words of redis-py's clients for a user who may do everything."""
    if f"user {ADMIN}" in server_config:
        return {"username": ADMIN, "password": ADMINS}
    password = server_config.get("requirepass")
    return {} if password is None else {"password": str(password)}


def follower(server_config: config.Settings) -> str:
    """As whom servers log in to one another: as the sidecars do."""
    return SIDECAR if f"user {SIDECAR}" in server_config else "default"
