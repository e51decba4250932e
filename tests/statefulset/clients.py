"""Connections to servers, without what redis-py would add by itself."""

from __future__ import annotations

from typing import Any

import redis
import redis.backoff
import redis.retry

from tests.statefulset import config


def connect(address: str, port: int, **options: Any) -> redis.Redis:
    """Return a client that never retries and gives up after 2 s; `options` are redis-py's."""
    defaults: dict[str, Any] = {
        "retry": redis.retry.Retry(redis.backoff.NoBackoff(), 0),
        "socket_timeout": 2.0,
        "socket_connect_timeout": 2.0,
        "decode_responses": True,
        "protocol": 2,
        # Else each client looks up the version of its library, and tells every server.
        "driver_info": None,
    }
    return redis.Redis(host=address, port=port, **(defaults | options))


def encrypted(tls: config.Tls) -> dict[str, Any]:
    """What redis-py is told so that it speaks TLS, as options of any of its clients."""
    return {
        "ssl": True,
        "ssl_ca_certs": str(tls.ca),
        "ssl_certfile": str(tls.cert),
        "ssl_keyfile": str(tls.key),
        # Certificates are for names, and the tests go to addresses.
        "ssl_check_hostname": False,
    }
