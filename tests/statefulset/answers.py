"""What one node answers to the questions that a view is made of.

Needs nothing of ours: where pods are out of reach, `answers.py HOST` is run inside of them and prints JSON.
"""

from __future__ import annotations

import json
import sys
from typing import Any, TypedDict

import redis
import redis.exceptions


class Answers(TypedDict):
    """As they came, but for INFO, which the library takes apart."""

    node_id: str
    nodes: str
    info: str
    replication: dict[str, Any]
    links: list[list[Any]] | None
    """None where the server does not know the question."""


def ask(client: Any) -> Answers:
    """Ask it all of a redis.Redis, which has few types; RedisError when it cannot be asked."""
    return Answers(
        node_id=str(client.execute_command("CLUSTER", "MYID")),
        # As two words: given as one string, redis-py answers with a dict that drops nodes.
        nodes=str(client.execute_command("CLUSTER", "NODES")),
        info=str(client.execute_command("CLUSTER", "INFO")),
        replication=client.execute_command("INFO", "replication"),
        links=_links(client),
    )


def _links(client: Any) -> list[list[Any]] | None:
    """CLUSTER LINKS, since 7.0."""
    try:
        links: list[list[Any]] = client.execute_command("CLUSTER", "LINKS")
    except redis.exceptions.ResponseError:
        return None
    return links


if __name__ == "__main__":
    options: dict[str, Any] = {"decode_responses": True, "protocol": 2, "socket_timeout": 5.0}
    with redis.Redis(host=sys.argv[1], **options) as node:
        print(json.dumps(ask(node)))
