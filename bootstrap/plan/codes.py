"""The codes by which a fault is named: in the log, the metrics, `status` and the runbook.

They are a contract with your alerts and scripts: a code is never renamed, and never used for a
second fault. Each has an entry in docs/runbook.md.
"""

from __future__ import annotations

import enum
from typing import Final


class Code(enum.StrEnum):
    """What is wrong."""

    # Refusals: nothing is done that could make it worse.
    COMMAND_MISSING = "command-missing"
    COPIED_VOLUME = "copied-volume"
    DATA_MISSING = "data-missing"
    DUPLICATE_NODE_ID = "duplicate-node-id"
    FOREIGN_NODE = "foreign-node"
    KEYS_BEHIND = "keys-behind"
    LOST_SLOTS = "lost-slots"
    MOVE_FAILS = "move-fails"
    MOVE_UNSUPPORTED = "move-unsupported"
    NODES_CONF_UNREADABLE = "nodes-conf-unreadable"
    NOT_CLUSTER_MODE = "not-cluster-mode"
    OTHER_CLUSTER = "other-cluster"
    POD_HAS_KEYS = "pod-has-keys"
    POD_HAS_SLOTS = "pod-has-slots"
    PRIMARY_EMPTY = "primary-empty"
    PRIMARY_REPLACED = "primary-replaced"
    SAFETY = "safety"
    SIZE_MISSING = "size-missing"
    SIZE_TOO_SMALL = "size-too-small"
    SPLIT = "split"
    STRANGER = "stranger"
    UNSUPPORTED_VERSION = "unsupported-version"
    WISH_TOO_SMALL = "wish-too-small"
    # Alarms: they stand beside a plan, and keep no rule from acting.
    BUS_PORT_CLOSED = "bus-port-closed"
    COMMAND_REFUSED = "command-refused"
    MAX_CLIENTS = "max-clients"
    NOT_REACHABLE = "not-reachable"
    OPEN_SLOTS = "open-slots"
    REPLICA_REFUSED = "replica-refused"
    VOLUME_FULL = "volume-full"
    VOLUME_UNREADABLE = "volume-unreadable"
    WISH_UNREADABLE = "wish-unreadable"
    WRITES_REFUSED = "writes-refused"


ALARMS: Final = frozenset(
    {
        Code.BUS_PORT_CLOSED,
        Code.COMMAND_REFUSED,
        Code.FOREIGN_NODE,
        Code.MAX_CLIENTS,
        Code.NOT_REACHABLE,
        Code.OPEN_SLOTS,
        Code.REPLICA_REFUSED,
        Code.VOLUME_FULL,
        Code.VOLUME_UNREADABLE,
        Code.WISH_UNREADABLE,
        Code.WRITES_REFUSED,
    }
)
"""Codes of faults beside a plan. A foreign node may be a refusal too."""
REFUSALS: Final = (frozenset(Code) - ALARMS) | {Code.FOREIGN_NODE}
"""Codes with which a plan is refused."""
SIZE: Final = frozenset({Code.SIZE_MISSING, Code.SIZE_TOO_SMALL})
"""Those that end the process, as any other fault of the configuration does."""
