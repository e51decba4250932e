"""Settings that hurry the forming, and how to tell and undo them without any memory.

Each is its own mark: found by whichever process looks next, it can be put back.
"""

from __future__ import annotations

from bootstrap.core.model import View

Settings = tuple[tuple[str, str], ...]

NODE_TIMEOUT = "cluster-node-timeout"
PING_INTERVAL = "cluster-ping-interval"
SYNC_DELAY = "repl-diskless-sync-delay"
SYNC_REPLICAS = "repl-diskless-sync-max-replicas"

#: A primary turns ok max(500, min(node time-out, 5000)) ms after it last saw a minority
#: (cluster_legacy.c, clusterUpdateState, CLUSTER_MIN_REJOIN_DELAY = 500). Not 500, to be a mark.
DIPPED_MS = 503
#: The longest that a node time-out may stay dipped, in seconds.
DIP_SECONDS = 2.0
#: Above this many pods starved processors could turn a dip into a storm of failovers.
DIP_PODS = 24
#: When a pod's own sidecar puts back what the forming seed left behind, in seconds.
ABANDONED_SECONDS = 10.0
#: Built-in pace: 0 (config.c, cluster-ping-interval; hidden, known to redis >= 7.2 and valkey).
PING_DEFAULT = "0"
#: Pods and milliseconds between pings of one peer that made forming quickest, measured.
_PACES = ((6, 100), (12, 200), (30, 300), (60, 500), (120, 1000), (240, 4000))
#: SYNC_REPLICAS above this carries the values that it and SYNC_DELAY had before.
_CARRY = 1_000_000_000
_CARRIED = 1000


def hurry(view: View, pods: int) -> Settings:
    """Settings for a node that is about to be formed, as far as its server knows them."""
    settings: list[tuple[str, str]] = []
    if view.setting(PING_INTERVAL) == PING_DEFAULT:
        pace = next((pace for upto, pace in _PACES if pods <= upto), _PACES[-1][1])
        settings.append((PING_INTERVAL, str(pace)))
    delay, replicas = view.setting(SYNC_DELAY), view.setting(SYNC_REPLICAS)
    if delay is not None and replicas is not None:
        seconds, company = int(delay), int(replicas)
        if 0 < seconds < _CARRIED and company < _CARRIED:
            carried = _CARRY + seconds * _CARRIED + company
            settings += [(SYNC_DELAY, "0"), (SYNC_REPLICAS, str(carried))]
    return tuple(settings)


def calm(view: View) -> Settings:
    """What puts the pace and the sync delay back; empty when they are as they should be."""
    settings: list[tuple[str, str]] = []
    if view.setting(PING_INTERVAL) not in (None, PING_DEFAULT):
        settings.append((PING_INTERVAL, PING_DEFAULT))
    carried = int(view.setting(SYNC_REPLICAS) or 0) - _CARRY
    if carried >= 0:
        seconds, company = divmod(carried, _CARRIED)
        settings += [(SYNC_DELAY, str(seconds)), (SYNC_REPLICAS, str(company))]
    return tuple(settings)


def dipped(view: View) -> bool:
    """Whether the node time-out is at the dip's mark."""
    return view.setting(NODE_TIMEOUT) == str(DIPPED_MS)


def undip(node_timeout: int) -> Settings:
    """Put the node time-out, in ms, back."""
    return ((NODE_TIMEOUT, str(node_timeout)),)


def marked(view: View) -> bool:
    """Whether the node carries any temporary setting."""
    return dipped(view) or bool(calm(view))
