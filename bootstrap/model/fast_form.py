"""Settings that hurry the forming, and how to tell and undo them without any memory.

Each is its own mark: found by whichever process looks next, it can be put back.
"""

from __future__ import annotations

from bootstrap.model.view import View

Settings = tuple[tuple[str, str], ...]

NODE_TIMEOUT = "cluster-node-timeout"
PING_INTERVAL = "cluster-ping-interval"
SYNC_DELAY = "repl-diskless-sync-delay"
SYNC_REPLICAS = "repl-diskless-sync-max-replicas"
LOAD = "repl-diskless-load"

#: A primary turns ok max(500, min(node time-out, 5000)) ms after it last was in a minority, which
#: a primary without slots always is (cluster_legacy.c, clusterUpdateState and
#: CLUSTER_MIN_REJOIN_DELAY). So the node time-out has to be short only at the one tick that ends
#: that wait. By number of pods, in ms: no shorter than gossip takes anyway, since starved
#: processors turn a short one into a storm of failovers; above 120 pods there is nothing to gain.
#: Each is one less than round: a mark, and it does not miss the tick. Third, how much before that
#: tick the dip may begin, in ms: few pods can bear it throughout, for the others two ticks
#: (clusterCron) have to do.
_LOW_NODE_TIMEOUTS = ((24, 499, 499), (60, 999, 200), (120, 1999, 200))
#: Node time-outs that are ours, in ms: found, they are put back.
MARKS = frozenset(value for _, value, _ in _LOW_NODE_TIMEOUTS)
#: The longest that a node time-out may stay dipped, in seconds.
LOW_NODE_TIMEOUT_SECONDS = 2.0
#: When a pod's own sidecar puts back what the forming seed left behind, in seconds.
ABANDONED_SECONDS = 10.0
#: SYNC_DELAY in seconds, and SYNC_REPLICAS, of a server that was told neither (config.c).
_UNTOLD = ("5", "0")
#: Built-in pace: 0 (config.c, cluster-ping-interval; hidden, known to redis >= 7.2 and valkey).
PING_DEFAULT = "0"
#: Pods and milliseconds between pings of one peer that made forming quickest, measured.
_PACES = ((6, 100), (12, 200), (30, 300), (60, 500), (120, 1000), (240, 4000))
#: SYNC_REPLICAS above this carries the values that it and SYNC_DELAY had before; above the second
#: it says too that LOAD was `disabled`.
_SAVED_VALUES = 1_000_000_000
_SAVED_VALUES_AND_LOAD = 2_000_000_000
_SAVED_BASE = 1000
#: Since valkey 9.1 a thread receives the replica's copy, and a cron of one second notices that it
#: is done, unless the copy is loaded straight from the socket; measured, 0 to 1 s.
_SLOW_LOAD = (9, 1, 0)


def replica_count(view: View, replicas: int) -> Settings:
    """What a server keeps for good: a copy begins as soon as a shard's replicas have asked for it.

    Otherwise a replica that comes back waits for SYNC_DELAY, for others that might share its copy
    (replication.c, shouldStartChildReplication). Fewer replicas than `replicas` wait for that as
    before; one more has a copy of its own, made after the first. A delay or a number that a person
    has chosen stays.

    All that SYNC_REPLICAS can carry is written with it: should the seed hurry the node in the same
    moment, then the later of the two writes leaves nothing of the other.
    """
    if (view.setting(SYNC_DELAY), view.setting(SYNC_REPLICAS)) != _UNTOLD:
        return ()
    load = [(LOAD, "disabled")] if _slow(view) else []
    return (*load, (SYNC_DELAY, _UNTOLD[0]), (SYNC_REPLICAS, str(max(1, replicas))))


def _slow(view: View) -> bool:
    """Whether its copies would be loaded quicker from the socket."""
    newest = view.product == "valkey" and view.version >= _SLOW_LOAD
    return newest and view.setting(LOAD) == "disabled"


def speed_up(view: View, pods: int) -> Settings:
    """Settings for a node that is about to be formed, as far as its server knows them."""
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
    """What puts the pace and the sync delay back; empty when they are as they should be."""
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
    """The dip for a primary that was given its slots that many seconds ago; empty before its time.

    Empty too for so many pods that their gossip takes longer than the wait.
    """
    for upto, value, before in _LOW_NODE_TIMEOUTS:
        if pods <= upto:
            return ((NODE_TIMEOUT, str(value)),) if slotted * 1000 >= value - before else ()
    return ()


def has_low_node_timeout(view: View) -> bool:
    """Whether the node time-out is at a dip's mark."""
    return view.setting(NODE_TIMEOUT) in {str(value) for value in MARKS}


def restore_node_timeout(node_timeout: int) -> Settings:
    """Put the node time-out, in ms, back."""
    return ((NODE_TIMEOUT, str(node_timeout)),)


def marked(view: View) -> bool:
    """Whether the node carries any temporary setting."""
    return has_low_node_timeout(view) or bool(restore(view))
