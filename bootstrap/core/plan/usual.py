"""How long a wait usually lasts, in seconds, and from where each figure is known.

Beside each stands where it comes from: a measurement of README, or a constant of the servers or of
Kubernetes. After a multiple of it a wait is no wait any more: a person has to look.
"""

from __future__ import annotations

from typing import Final

#: One look at all pods and at DNS: `shown` gives DNS 3 s, README measures less for a look.
LOOK: Final = 3.0
#: From the start of all pods to a formed cluster: README, "What it costs", cold start.
FORMED: Final = 10.0
#: A pod that starts: its name, its container and its server. Six pods get addresses up to 5 s
#: after they are made, 15 s apart where each has a claim to be bound.
STARTED: Final = 15.0
#: The longest that a cluster's DNS keeps a miss or an old address: `cache 30` of CoreDNS.
CACHED: Final = 30.0
#: A sidecar writes its marks with its second look: the interval of a healthy one.
MARKED: Final = 10.0
#: A handshake that is not answered ends after cluster-node-timeout (cluster.c), 15 s by default.
HANDSHAKE: Final = 15.0
#: A primary counts as failed after cluster-node-timeout, and its replica is elected within about
#: 2 s of that (cluster.c, CLUSTER_REPLICA election delay of 0.5 s to 1 s and a vote).
ELECTED: Final = 20.0
#: Gossip tells each node of all others within half a node time-out (cluster.c, clusterCron).
GOSSIP: Final = 8.0
#: A copy starts after `repl-diskless-sync-delay`, 5 s by default; it takes as long as the data.
COPIED: Final = 10.0
#: A node that turned ok again waits 0.5 s to 5 s (cluster.c, CLUSTER_MAX_REJOIN_DELAY).
REJOINED: Final = 5.0
#: CLUSTER FORGET bans a node's id for 60 s (cluster.c, CLUSTER_BLACKLIST_TTL).
BANNED: Final = 60.0

#: After this many seconds of a server's life what is usual at a start is not usual any more: the
#: slowest of the above, and as long again for images and volumes.
LATE: Final = 60.0
