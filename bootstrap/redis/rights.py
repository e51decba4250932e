"""Whether our user may send the commands that are needed later, and the server knows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bootstrap.redis import connection


def tried(*, limited: bool) -> list[connection.Command]:
    """Return commands to try once for each start of a server; `limited` if our user has a name.

    A running server keeps its commands, and the REPLCONF of each look shows a changed ACL. PSYNC is
    not sent with each look, since it adds to the count by which a refused replica is found within
    seconds (`replica-refused`). Without arguments REPLCONF and PSYNC change nothing: a server
    checks the number of arguments first.
    """
    found: list[connection.Command] = [("REPLCONF",), ("PSYNC",)]
    return found + [("CLUSTER", "SHARDS")] * limited


def check(replies: Sequence[object]) -> None:
    """Raise the first reply that says a command is missing or forbidden."""
    from bootstrap.redis import failures  # noqa: PLC0415 - see `port_check`

    for one in replies:
        if isinstance(one, Exception) and (
            failures.forbidden(one) or failures.command_missing(one)
        ):
            raise one
