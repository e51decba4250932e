"""Actions as commands for a server."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final, assert_never

from bootstrap.model import actions, slots
from bootstrap.model.migration import Way
from bootstrap.redis import views

if TYPE_CHECKING:
    from bootstrap.redis import connection

PEERS_PASSWORD: Final = ("masterauth", "masteruser")
"""The settings with which a replica logs in at its primary."""


def of(  # noqa: C901, PLR0912 - a table
    action: actions.Action, *, password: str, username: str, together: bool, functions: bytes = b""
) -> list[connection.Command]:
    """Return the commands of an action.

    `password` and `username` are the login that peers must use; `username` may be empty.
    `functions` is another server's reply to FUNCTION DUMP.
    `together` says whether the server takes several settings in one CONFIG SET.
    """
    match action:
        case actions.ConfigSet():
            if together:
                words = [word for pair in action.settings for word in pair]
                return [("CONFIG", "SET", *words)]
            return [("CONFIG", "SET", name, value) for name, value in action.settings]
        case actions.SetPeersPassword():
            values = (password, username)
            return [
                ("CONFIG", "SET", name, value)
                for name, value in zip(PEERS_PASSWORD, values, strict=True)
            ]
        case actions.ReloadCertificates():
            # Set to its present value, it makes the server read certificate, key and authorities.
            return [("CONFIG", "SET", views.CERTIFICATE, action.path)]
        case actions.SetConfigEpoch():
            return [("CLUSTER", "SET-CONFIG-EPOCH", action.epoch)]
        case actions.AddSlots():
            return [("CLUSTER", "ADDSLOTS", *slots.numbers(action.ranges))]
        case actions.Meet():
            return [("CLUSTER", "MEET", action.address, action.port, action.bus_port)]
        case actions.Replicate():
            return [("CLUSTER", "REPLICATE", action.primary_id)]
        case actions.Forget():
            return [("CLUSTER", "FORGET", action.node_id)]
        case actions.Failover():
            return [("CLUSTER", "FAILOVER")]
        case actions.MigrateSlots():
            spans = itertools.chain(*action.ranges)
            return [("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", *spans, "NODE", action.target_id)]
        case actions.ImportSlots():
            return [("CLUSTER", "MIGRATION", "IMPORT", *itertools.chain(*action.ranges))]
        case actions.CancelMigrations():
            if action.way is Way.PUSH:
                return [("CLUSTER", "CANCELSLOTMIGRATIONS")]
            return [("CLUSTER", "MIGRATION", "CANCEL", "ALL")]
        case actions.RestoreFunctions():
            return [("FUNCTION", "RESTORE", functions, "APPEND")]
        case _:
            assert_never(action)
