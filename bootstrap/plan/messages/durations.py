"""How long each wait usually lasts, in seconds.

Each figure has its source: a measurement in docs/reference.md ("Measured"), or a constant of the
servers or of Kubernetes. A wait that lasts a multiple of its figure is for a person to look at.
"""

from __future__ import annotations

from typing import Final

LOOK: Final = 3.0
"""A look for a person gives DNS 3 s (`run.look`). Measured: a first look takes 0.21 s."""
FORMED: Final = 10.0
"""Measured: 0.6 s to 4.9 s once all servers are up, 2.1 s if they start at that moment, up to 5.3 s
without `BOOTSTRAP_FAST_FORM`. A server that has just started says ok after 2 s (cluster.c,
CLUSTER_WRITABLE_DELAY). With the start of six pods on Kubernetes it was 8.0 s."""
STARTED: Final = 15.0
"""The start of a pod: its name, its container and its server. On Kubernetes 1.34 six pods had their
addresses 2.2 s to 4.7 s after they were made, and up to 15 s apart if each had a claim."""
CACHED: Final = 30.0
"""CoreDNS keeps a miss or an old address for at most 30 s (`cache 30`)."""
MARKED: Final = 10.0
"""A sidecar writes its marks with its second look. A healthy one looks each
`BOOTSTRAP_INTERVAL`."""
HANDSHAKE: Final = 15.0
"""A handshake without an answer ends after cluster-node-timeout, and 1 s at least (cluster.c,
clusterCron: handshake_timeout). The default is 15 s (config.c)."""
ELECTED: Final = 25.0
"""A primary whose process ended counts as failed after cluster-node-timeout, 15 s. Its replica
stands for election 0.5 s to 1 s later, and 1 s more for each replica with newer data (cluster.c,
clusterHandleSlaveFailover). Measured: 22 s until a client could write again. A machine that
vanished may first not be pinged for half a time-out, 7.5 s."""
GOSSIP: Final = 8.0
"""A node pings each other node at least once in half a node time-out, 7.5 s. Each ping brings
gossip (cluster.c, clusterCron: ping_interval)."""
UNFAILED: Final = 35.0
"""An owner of slots that is back keeps its FAIL mark for two node time-outs, 30 s (cluster.h,
CLUSTER_FAIL_UNDO_TIME_MULT). Measured: 34 s until all nodes say ok."""
COPIED: Final = 10.0
"""A copy starts after `repl-diskless-sync-delay`, 5 s by default (config.c). A replica dials once a
second (replication.c, replicationCron). How long the copy itself takes depends on the data."""
STATED: Final = 120.0
"""A changed ConfigMap is in the pods' files after a kubelet's sync, 60 s, and the time for which
the kubelet caches it, 60 s at most (Kubernetes, "Mounted ConfigMaps are updated automatically")."""
REJOINED: Final = 5.0
"""A primary waits before it says ok again: its node time-out, within 0.5 s and 5 s (cluster.c,
clusterUpdateState: CLUSTER_MIN_REJOIN_DELAY, CLUSTER_MAX_REJOIN_DELAY)."""
LATE: Final = 60.0
"""A start that is not over after so many seconds of a server's life is late: the slowest of the
above, and about as long again for images and volumes."""
