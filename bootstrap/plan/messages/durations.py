"""How long a wait usually lasts, in seconds, and from where each figure is known.

Beside each stands where it comes from: a measurement of README, or a constant of the servers or of
Kubernetes. After a multiple of it a wait is no wait any more: a person has to look.
"""

from __future__ import annotations

from typing import Final

#: A look for a person gives DNS 3 s (`shown`); README, Measured: a first look takes 0.21 s.
LOOK: Final = 3.0
#: README, Measured: 0.6 s to 4.9 s once all servers are up, 2.1 s where they start at that moment,
#: up to 5.3 s without `BOOTSTRAP_FAST_FORM`; a server that has just started says ok after 2 s
#: (cluster.c, CLUSTER_WRITABLE_DELAY). With the start of six pods on Kubernetes: 8.0 s.
FORMED: Final = 10.0
#: A pod that starts: its name, its container and its server. On Kubernetes 1.34 six pods had their
#: addresses 2.2 s to 4.7 s after they were made, and up to 15 s apart where each has a claim.
STARTED: Final = 15.0
#: The longest that a cluster's DNS keeps a miss or an old address: `cache 30` of CoreDNS.
CACHED: Final = 30.0
#: A sidecar writes its marks with its second look: `BOOTSTRAP_INTERVAL` of a healthy one.
MARKED: Final = 10.0
#: A handshake that is not answered ends after cluster-node-timeout, 1 s at least (cluster.c,
#: clusterCron: handshake_timeout); that is 15 s by default (config.c).
HANDSHAKE: Final = 15.0
#: A primary whose process ended counts as failed after cluster-node-timeout, 15 s, and its replica
#: stands for election 0.5 s to 1 s later, 1 s more for each replica with newer data (cluster.c,
#: clusterHandleSlaveFailover); README, Measured: 22 s until a client could write again. A machine
#: that vanished is not even pinged for up to half a time-out, 7.5 s.
ELECTED: Final = 25.0
#: A node pings each other one at least once in half a node time-out, 7.5 s, and gossip comes with
#: each ping (cluster.c, clusterCron: ping_interval).
GOSSIP: Final = 8.0
#: The FAIL mark of an owner of slots that is back is kept for two node time-outs, 30 s (cluster.h,
#: CLUSTER_FAIL_UNDO_TIME_MULT); README, Measured: 34 s until all nodes say ok.
UNFAILED: Final = 35.0
#: A copy starts after `repl-diskless-sync-delay`, 5 s by default (config.c), and a replica dials
#: each second (replication.c, replicationCron). The copy itself takes as long as the data.
COPIED: Final = 10.0
#: A primary that turned ok again waits for its node time-out, within 0.5 s and 5 s (cluster.c,
#: clusterUpdateState: CLUSTER_MIN_REJOIN_DELAY, CLUSTER_MAX_REJOIN_DELAY).
REJOINED: Final = 5.0

#: After this many seconds of a server's life what is usual at a start is not usual any more: the
#: slowest of the above, and about as long again for images and volumes.
LATE: Final = 60.0
