"""What one look has seen, without a judgement: pods, our own volume, and how long things last."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bootstrap.model import directory
from bootstrap.model.timers import Timers
from bootstrap.model.view import Member, View
from bootstrap.model.wish import UNSTATED, Wished

if TYPE_CHECKING:
    from bootstrap.model.primary_answer import PrimaryAnswer
    from bootstrap.model.sidecar_report import SidecarReport


class Trouble(enum.StrEnum):
    """Why a node could not be read."""

    REFUSED = "refused"
    """No connection."""
    TIMEOUT = "timeout"
    """No answer in time."""
    LOADING = "loading"
    """The server is loading its data."""
    PASSWORD = "password"  # noqa: S105 - the name of a fault, not a secret
    """User or password refused, or one side has a password and the other has none."""
    PERMISSION = "permission"
    """Our user lacks a right that the sidecar needs."""
    TLS = "tls"
    """Only one side speaks TLS, or TLS failed for a reason without a code of its own."""
    TLS_EXPIRED = "tls-expired"
    """The server's certificate has expired, or is not valid yet."""
    TLS_NAME = "tls-name"
    """The server's certificate is for another name."""
    TLS_UNTRUSTED = "tls-untrusted"
    """The server's certificate is from an authority that the sidecar does not trust."""
    TLS_OURS = "tls-ours"
    """The server does not accept the sidecar's certificate."""
    NOT_CLUSTER = "not-cluster-mode"
    """`cluster-enabled` is off."""
    COMMAND = "command-missing"
    """The server does not know a command that the sidecar needs."""
    PROTECTED = "protected-mode"
    """Protected mode refuses other hosts."""
    CROWDED = "max-clients"
    """The server has as many clients as `maxclients` allows."""
    UNSUPPORTED = "unsupported-version"
    """The server is older than redis 6.2."""
    NOT_REDIS = "not-redis"
    """The answer is not one of a Redis server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """Why there is no view. This proves nothing: the node may own slots and hold keys."""

    trouble: Trouble
    reason: str
    """What was expected and what was seen, for messages."""
    odd: bool = False
    """Whether our refused password has something that often spoils one, such as a final newline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """One pod: what DNS says of its name, and what the node at its address says."""

    name: str
    ordinal: int
    hostname: str
    """The full DNS name, without the trailing dot."""
    resolved: directory.Name
    address: str | None = None
    """Where its node was looked for; None if no address is known."""
    node: View | Unreachable | None = None
    """What was found at the address; None if nothing was tried."""
    bus: str | None = None
    """Why its cluster bus port refused a connection from our pod; empty if the port accepted one;
    None if not tried."""
    deaf: Unreachable | None = None
    """Why our own server answers its sidecar, but no peer at its pod's address; None if peers get
    an answer, or if not tried. Always None for peers."""

    @property
    def view(self) -> View | None:
        """The node's view; None if there is none."""
        return self.node if isinstance(self.node, View) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """What the volume of our own node holds: nodes.conf, and whether there is data."""

    file: str = ""
    """The path of nodes.conf, or of what could not be read; empty if there is no such file, as in a
    new volume."""
    members: tuple[Member, ...] = ()
    """The nodes in nodes.conf, our own included; empty if the file is missing or unreadable."""
    corrupt: str = ""
    """Why nothing can be learned from the file; empty if nothing is wrong."""
    denied: bool = False
    """Whether the only reason is that the sidecar may not read it."""
    data: str = ""
    """The first file or folder that holds data, or may hold some; empty if none does."""

    @property
    def myself(self) -> Member | None:
        """Our node's line in nodes.conf; None without one."""
        return next((member for member in self.members if "myself" in member.flags), None)

    @property
    def emptied(self) -> bool:
        """Whether a primary with slots lost its data here, or may have: the file is unreadable."""
        me = self.myself
        owner = me is not None and bool(me.slots) and not me.is_replica
        return not self.data and (owner or bool(self.corrupt))


@dataclass(frozen=True, slots=True, kw_only=True)
class Originals:
    """What answers at the names and addresses that our nodes.conf, or our node, has of other sets.

    Our volume may be a copy. Then the nodes that it was copied from may still run.
    """

    names: tuple[tuple[str, directory.Name], ...] = ()
    """Hostnames, lower case and without the trailing dot, and what DNS says of each."""
    nodes: tuple[tuple[str, View | Unreachable | None], ...] = ()
    """Addresses and the node at each, sorted; None if nothing accepted the connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """What the file system of our own node's volume says, whether or not the server runs.

    The defaults mean that the file system could not be asked.
    """

    free: int | None = None
    """Bytes left for a user other than root; None if unknown."""
    files: bool = True
    """Whether another file can be made (`f_favail`)."""
    read_only: bool = False
    """Whether the file system itself accepts no writes, for every pod that mounts it."""
    unread: str = ""
    """The first file or folder that the sidecar may not read; empty if it may read all."""


class Scope(enum.IntEnum):
    """How many nodes a look covers. A healthy pod looks at its own node only."""

    LOCAL = 0
    """Our own node."""
    SEED = 1
    """Also the seed."""
    HALF = 2
    """Also the peers to which this pod introduces its node after an outage of many pods."""
    ALL = 3
    """All pods."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything that a plan may depend on, besides the topology. The observer sets it."""

    scope: Scope
    pods: tuple[Pod, ...]
    """The pods that were looked at, sorted by ordinal; ours is always included."""
    timers: Timers = field(default_factory=Timers)
    listed: bool = True
    """Whether DNS has listed the Service's pods, so that pods beyond the size were looked at."""
    service: directory.Name | None = None
    """What DNS says of the headless Service's own name; None if not asked."""
    volume: Volume | None = None
    """Our own node's volume, while its server is down; None if not read."""
    disk: Disk | None = None
    """The file system of our own node's volume; None if the sidecar does not mount it."""
    originals: Originals | None = None
    """The nodes that our volume or node may be a copy of; None if there was no reason to look."""
    wished: Wished = UNSTATED
    """How many shards are wished, as our own sidecar read it in this look."""
    primary_answer: PrimaryAnswer | None = None
    """What our replica's primary answered our own pod; None if not tried."""
    counted: tuple[str, int | str] = ("", 0)
    """A pod, and how many keys its node has in slots it does not own; or why it did not say. They
    are counted only if a rule asks for it; else no pod is named."""
    reports: tuple[SidecarReport, ...] = ()
    """What the pods' sidecars said of their last looks. Only `status` and a dry run ask them."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the pods that were looked at."""
        return tuple(pod.name for pod in self.pods)

    def strays(self, pod: str) -> int | str:
        """Return how many keys the pod's node has in slots it does not own; or why that is open."""
        name, count = self.counted
        return count if name == pod else "not asked yet"

    def pod(self, name: str) -> Pod | None:
        """Return the pod of that name; None if it was not looked at."""
        return next((pod for pod in self.pods if pod.name == name), None)
