"""Run in a sidecar's container, with HOST, `fill` or `missing`, PREFIX and COUNT.

Writes so many keys, or does not; prints which of them are not there, as JSON.
"""

from __future__ import annotations

import json
import sys

import redis


def main(host: str, verb: str, prefix: str, count: int) -> None:
    """Do it, by way of the node that is there."""
    with redis.RedisCluster(host=host, socket_timeout=10.0) as client:
        names = [f"{prefix}:{number}" for number in range(count)]
        if verb == "fill":
            for name in names:
                client.set(name, name)
        missing = [name for name in names if client.get(name) != name.encode()]
    print(json.dumps(missing))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
