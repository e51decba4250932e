"""Temporary settings that make forming quicker: set, recognised, and put back.

Each setting's value shows that it is temporary. So the next sidecar that looks can put it back
without a memory of it.
"""

from __future__ import annotations

from bootstrap.model.view import View

Settings = tuple[tuple[str, str], ...]
"""Names and values for CONFIG SET."""

NODE_TIMEOUT = "cluster-node-timeout"
PING_INTERVAL = "cluster-ping-interval"
SYNC_DELAY = "repl-diskless-sync-delay"
SYNC_REPLICAS = "repl-diskless-sync-max-replicas"
LOAD = "repl-diskless-load"

_LOW_NODE_TIMEOUTS = ((24, 499, 499), (60, 999, 200), (120, 1999, 200))
"""Highest number of pods, temporary node time-out in ms, and how many ms of it may come early.

A primary says ok max(500, min(node time-out, 5000)) ms after it was last in a minority, and a
primary without slots always is (cluster_legacy.c, clusterUpdateState and
CLUSTER_MIN_REJOIN_DELAY). So the node time-out has to be short only at the tick that ends that
wait.

The second figure is no shorter than gossip takes anyway: if processors are short, a shorter one
causes a storm of failovers. Above 120 pods there is nothing to gain. Each figure is one less than a
round number, so it is recognised, and does not miss the tick.

The third figure is how many ms before that tick the time-out may be lowered. With few pods it may
be low all the time. With more pods it is low for two ticks (clusterCron).
"""
MARKS = frozenset(value for _, value, _ in _LOW_NODE_TIMEOUTS)
"""Node time-outs in ms that only the sidecar sets. A node that has one gets its own value back."""
LOW_NODE_TIMEOUT_SECONDS = 2.0
"""Seconds for which a node time-out may stay lowered, at most."""
ABANDONED_SECONDS = 10.0
"""Seconds after which a pod's own sidecar puts back what the forming seed left behind."""
_UNTOLD = ("5", "0")
"""SYNC_DELAY in seconds, and SYNC_REPLICAS, of a server with the defaults (config.c)."""
PING_DEFAULT = "0"
"""The built-in pace (config.c, cluster-ping-interval; hidden; redis 7.2 and later, and valkey)."""
_PACES = ((6, 100), (12, 200), (30, 300), (60, 500), (120, 1000), (240, 4000))
"""Highest number of pods, and ms between two pings of a peer that formed quickest, measured."""
_SAVED_VALUES = 1_000_000_000
"""SYNC_REPLICAS from here on contains the former values of itself and of SYNC_DELAY."""
_SAVED_VALUES_AND_LOAD = 2_000_000_000
"""SYNC_REPLICAS from here on also says that LOAD was `disabled`."""
_SAVED_BASE = 1000
"""A saved value is SYNC_DELAY times this, plus SYNC_REPLICAS; both have to be smaller than this."""
_SLOW_LOAD = (9, 1, 0)
"""Since this valkey a thread receives a replica's copy, and a cron notices its end within 1 s
(measured: 0 to 1 s). A copy that is loaded straight from the socket has no such wait."""


def replica_count(view: View, replicas: int) -> Settings:
    """Return a lasting setting: a copy begins once `replicas` replicas have asked for it.

    Otherwise a replica that comes back waits for SYNC_DELAY, since others might share its copy
    (replication.c, shouldStartChildReplication). Fewer replicas than `replicas` still wait for the
    delay. One more replica gets a copy of its own after the first. If you have set a delay or a
    number, nothing is changed.

    LOAD and SYNC_DELAY are written too, since SYNC_REPLICAS may carry their values. If the seed
    sets the temporary settings at the same moment, the later write replaces the other completely.
    """
    if (view.setting(SYNC_DELAY), view.setting(SYNC_REPLICAS)) != _UNTOLD:
        return ()
    load = [(LOAD, "disabled")] if _slow(view) else []
    return (*load, (SYNC_DELAY, _UNTOLD[0]), (SYNC_REPLICAS, str(max(1, replicas))))


def _slow(view: View) -> bool:
    """Whether the server would load a copy quicker from the socket."""
    newest = view.product == "valkey" and view.version >= _SLOW_LOAD
    return newest and view.setting(LOAD) == "disabled"


def speed_up(view: View, pods: int) -> Settings:
    """Return the temporary settings for a node before forming, as far as its server knows them."""
    settings: list[tuple[str, str]] = []
    if view.setting(PING_INTERVAL) == PING_DEFAULT:
        pace = next((pace for upto, pace in _PACES if pods <= upto), _PACES[-1][1])
        settings.append((PING_INTERVAL, str(pace)))
    delay, replicas = view.setting(SYNC_DELAY), view.setting(SYNC_REPLICAS)
    if delay is not None and replicas is not None:
        seconds, together = int(delay), int(replicas)
        loads = _slow(view)
        if (seconds or loads) and seconds < _SAVED_BASE and together < _SAVED_BASE:
            saved = (
                seconds * _SAVED_BASE
                + together
                + (_SAVED_VALUES_AND_LOAD if loads else _SAVED_VALUES)
            )
            settings += [(LOAD, "on-empty-db")] if loads else []
            settings += [(SYNC_DELAY, "0"), (SYNC_REPLICAS, str(saved))]
    return tuple(settings)


def restore(view: View) -> Settings:
    """Return what puts back all but the node time-out; empty if nothing is temporary."""
    settings: list[tuple[str, str]] = []
    if view.setting(PING_INTERVAL) not in (None, PING_DEFAULT):
        settings.append((PING_INTERVAL, PING_DEFAULT))
    saved = int(view.setting(SYNC_REPLICAS) or 0)
    if saved >= _SAVED_VALUES:
        seconds, together = divmod(saved % _SAVED_VALUES, _SAVED_BASE)
        settings += [(LOAD, "disabled")] if saved >= _SAVED_VALUES_AND_LOAD else []
        settings += [(SYNC_DELAY, str(seconds)), (SYNC_REPLICAS, str(together))]
    return tuple(settings)


def lower_node_timeout(pods: int, slotted: float) -> Settings:
    """Return the temporary node time-out of a primary that has had slots for `slotted` seconds.

    Empty before its time, and for so many pods that their gossip takes longer than the wait.
    """
    for upto, value, before in _LOW_NODE_TIMEOUTS:
        if pods <= upto:
            return ((NODE_TIMEOUT, str(value)),) if slotted * 1000 >= value - before else ()
    return ()


def has_low_node_timeout(view: View) -> bool:
    """Whether the node time-out is a temporary one."""
    return view.setting(NODE_TIMEOUT) in {str(value) for value in MARKS}


def restore_node_timeout(node_timeout: int) -> Settings:
    """Return what puts the node time-out, in ms, back."""
    return ((NODE_TIMEOUT, str(node_timeout)),)


def marked(view: View) -> bool:
    """Whether the node has any temporary setting."""
    return has_low_node_timeout(view) or bool(restore(view))
