"""Scenarios as text files: what is seen, then the plan that it leads to.

    What this is about, and why it matters.

    me 0, size 6, look all, idle 4, zone a

    redis-app-0 10.0.0.10 keys=3 state=ok
      n0 10.0.0.10:6379@16379,redis-app-0 myself,master - 0 0 1 connected 0-5460
    redis-app-1 10.0.0.11
      blank
    redis-app-2 10.0.0.12
      loading
    redis-app-3
      absent
    --
    the plan, as a dry run prints it, and how much is looked at next

Below a pod stand the lines of CLUSTER NODES, a pod's name there being short for its hostname.
`blank` is a new node's line, `everybody` those of a formed cluster of which lines below replace
some. A trouble (`loading`, `refused`, ...) is a node that could not be viewed, and `absent`,
`denied`, `unknown`, `found`, `family` and `unasked` are names behind which there is no address to
try. `absent 60` in the second part is for how long DNS has denied names.
`bus=refused`, `bus=dropped` and `bus=open` are what a pod's bus port said when ours tried it.
`wish 4` is what our own sidecar reads, and `wish=4` behind a pod what its node shows.
After the pods, `elsewhere ADDRESS says=NAME` with lines is a node of another set that answered.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Final

from bootstrap import plan as planning
from bootstrap.model import wish
from bootstrap.model.directory import UNASKED, Name
from bootstrap.model.migration import State
from bootstrap.model.primary_answer import PrimaryAnswer, Refusal
from bootstrap.model.snapshot import Disk, Originals, Pod, Scope, Snapshot, Trouble
from bootstrap.model.topology import Topology
from bootstrap.model.view import View
from bootstrap.model.wish import UNSTATED, Wished
from bootstrap.plan.verdict import LookFurther, Plan
from bootstrap.show import plan_text
from tests.core import build, resharding

FOLDER: Final = Path(__file__).resolve().parents[1] / "scenarios"
_NAMES: Final = {
    "absent": Name(state="absent", reason="NXDOMAIN from 10.96.0.10:53"),
    "denied": Name(state="absent", denied=True, reason="NXDOMAIN from 10.96.0.10:53"),
    "unknown": Name(state="unknown", reason="SERVFAIL from 10.96.0.10:53"),
    "unasked": UNASKED,
    "family": Name(state="absent", reason="no data from 10.96.0.10:53"),
    "found": Name(state="found", addresses=("10.0.0.99",)),
}
_DISKS: Final = {
    "well": Disk(free=1 << 30),
    "full": Disk(free=8192),
    "no-inodes": Disk(free=1 << 30, files=False),
    "read-only": Disk(free=1 << 30, read_only=True),
    "unasked": Disk(),
    "unread": Disk(free=1 << 30, unread="/data/nodes.conf"),
}
_FURTHER: Final = "looks further: "
FILES: Final = sorted(FOLDER.glob("*.txt"))
PLANNED: Final = [path for path in FILES if f"\n--\n{_FURTHER}" not in path.read_text()]
"""Those whose look goes far enough for a plan."""
_BUS: Final = {"open": "", "refused": "connection refused", "dropped": "no answer within 1 s"}
_FAILED: Final = resharding.job(State.FAILED, message="Connection lost to target")
"""`failed=5`: the node lists so many migrations of this kind."""
_SCOPES: Final = {scope.name.lower(): scope for scope in Scope}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One file."""

    given: str
    snapshot: Snapshot
    topology: Topology
    expected: str

    @property
    def plan(self) -> Plan:
        """What the planner makes of it."""
        return planning.plan(self.snapshot, self.topology)

    @property
    def decided(self) -> Plan | LookFurther:
        """The same, or how far it has to look first."""
        return planning.decide(self.snapshot, self.topology)

    @property
    def rendered(self) -> str:
        """The first line of a dry run, what it prints from `phase:` on, and what it does not print.

        What stands above only repeats what is given.
        """
        plan = self.decided
        if isinstance(plan, LookFurther):
            return f"{_FURTHER}{plan.scope.name.lower()}, for {plan.why}"
        text = plan_text.as_text(self.snapshot, plan, self.topology)
        confirmed = [number for number, step in enumerate(plan.steps, 1) if step.confirm]
        more = [f"(to be confirmed: step {number})" for number in confirmed]
        more += [f"(looks at: {plan.look.name.lower()})"]
        headline = text.partition("\n")[0]
        return "\n".join([headline, text[text.index("phase:") :], *more])


def read(path: Path) -> Scenario:
    """Parse a file; ValueError or KeyError when it is not a scenario."""
    given, _, expected = path.read_text().partition("\n--\n")
    _about, facts, seen = given.split("\n\n", 2)
    options = dict(part.split() for part in facts.split(", "))
    topology = _topology(options)
    seen, *elsewhere = ("\n" + seen).split("\nelsewhere ")
    blocks = [block.splitlines() for block in seen.split("\nredis-app-")[1:]]
    pods = [_pod(block, topology) for block in blocks]
    times = ("idle", "marked", "dipped", "own_dip", "unwell", "unnamed")
    memory: dict[str, Any] = {name: float(options[name]) for name in times if name in options}
    if "timeouts" in options:
        timeouts = tuple((pod.name, int(options["timeouts"])) for pod in pods)
        memory["node_timeouts"] = timeouts
    if "strange" in options:
        memory["strange"] = tuple((pod.name, float(options["strange"])) for pod in pods)
    if "open" in options:  # for how long, or `unknown` as after a single look
        known = options["open"] != "unknown"
        memory["glance"] = not known
        mine = f"redis-app-{options['me']}"
        memory["open_slots"] = (
            ((mine, float(options["open"])),) if known else tuple((pod.name, None) for pod in pods)
        )
    if "unlinked" in options:
        known = options["unlinked"] != "unknown"
        seconds = float(options["unlinked"]) if known else None
        memory["unlinked"] = tuple((pod.name, seconds) for pod in pods)
    if "absent" in options:
        memory["absent"] = tuple((pod.name, float(options["absent"])) for pod in pods)
    memory["looked"] = options.get("looked") != "no"
    disk = _DISKS[options["disk"]] if "disk" in options else None
    scope = _SCOPES[options.get("look", "all")]
    wished = _wished(options.get("wish", ""))
    listed = options.get("listed") != "no"
    found = build.snapshot(*pods, scope=scope, listed=listed, wished=wished, **memory)
    counted = _counted(options.get("counted", ""))
    originals = Originals(nodes=tuple(_elsewhere(block.splitlines()) for block in elsewhere))
    return Scenario(
        given=given,
        snapshot=dataclasses.replace(
            found,
            disk=disk,
            counted=counted,
            service=_NAMES["found"] if "absent" in options else None,
            originals=originals if elsewhere else None,
            primary_answer=_primary_answer(options.get("primary", "")),
        ),
        topology=topology,
        expected=expected.rstrip("\n"),
    )


def _wished(said: str) -> Wished:
    """What our own sidecar reads of the wish: a number, `hold`, or `unreadable`."""
    if said == "unreadable":
        return Wished(
            fault="the file of BOOTSTRAP_SHARDS_FILE, /wish/shards, cannot be read (gone)"
        )
    return Wished(wish=wish.parse(said)) if said else UNSTATED


def _counted(said: str) -> tuple[str, int]:
    """`redis-app-6/3`: so many keys the pod's node holds in slots that it does not own."""
    pod, _, keys = said.partition("/")
    return pod, int(keys or 0)


def unfound(pod: Pod) -> Pod:
    """The same pod where DNS does not tell its address, so that its node is not asked."""
    return dataclasses.replace(pod, resolved=_NAMES["unknown"], node=None)


def _primary_answer(said: str) -> PrimaryAnswer | None:
    """What our replica's primary answers: `well`, `no-copies`, or how it refuses; at 10.0.0.11."""
    if not said:
        return None
    found = PrimaryAnswer(address="10.0.0.11", port=6379, said="as it says")
    if said in set(Refusal):
        return dataclasses.replace(found, refusal=Refusal(said))
    return dataclasses.replace(found, said="", copies_refused=5 * (said == "no-copies"))


def _topology(options: dict[str, str]) -> Topology:
    more: dict[str, Any] = {name: options[name] for name in ("host", "zone") if name in options}
    size = None if options["size"] == "none" else int(options["size"])
    return build.topology(
        int(options["me"]),
        size,
        size_refused=int(options["refused"]) if "refused" in options else None,
        replicas_per_shard=int(options.get("replicas", 1)),
        ordinal_start=int(options.get("start", 0)),
        with_password=options.get("password") == "yes",
        fast_form=options.get("fast", "yes") == "yes",
        adopted=options.get("adopted", ""),
        wish_file="/wish/shards" if "wish" in options else "",
        allow_fewer_shards=options.get("fewer") == "yes",
        **more,
    )


def _pod(block: list[str], topology: Topology) -> Pod:
    words, lines = block[0].split(), [line.strip() for line in block[1:] if line.strip()]
    ordinal = int(words[0])
    address = words[1] if len(words) > 1 and "=" not in words[1] else None
    facts = dict(word.split("=") for word in words[1:] if "=" in word)
    if lines[0] in _NAMES:
        return build.pod(ordinal, resolved=_NAMES[lines[0]])
    if lines[0] in set(Trouble):
        return build.pod(ordinal, lines[0], at=address)
    bus = _BUS.get(facts.pop("bus", ""))
    failed = int(facts.pop("failed", 0))
    said = build.view(_nodes(ordinal, lines, topology), **_said(ordinal, address, facts, topology))
    said = dataclasses.replace(said, migrations=(_FAILED,) * failed)
    return dataclasses.replace(build.pod(ordinal, said, at=address), bus=bus)


def _elsewhere(block: list[str]) -> tuple[str, View | None]:
    address, *words = block[0].split()
    facts = dict(word.split("=") for word in words)
    lines = [_in_full(line.strip()) for line in block[1:] if line.strip()]
    return address, build.view(lines, cluster_announce_hostname=facts.get("says", ""))


def _said(
    ordinal: int, address: str | None, facts: dict[str, str], topology: Topology
) -> dict[str, Any]:
    said: dict[str, Any] = {
        "ok": facts.pop("state", "fail") == "ok",
        "link": facts.pop("link", "down") == "up",
        "follows": facts.pop("follows", ""),
        "copying": facts.pop("copying", "no") == "yes",
        "keys": int(facts.pop("keys", 0)),
        "uptime": int(facts.pop("up", 60)),
        "server": facts.pop("server", build.NEWEST),
        "writes": facts.pop("writes", ""),
        "shards": facts.pop("shards", ""),
        "certificate": facts.pop("certificate", ""),
        "password_ok": facts.pop("password", "right") == "right",
        "cluster_announce_hostname": facts.pop("says", build.hostname(ordinal)),
        "cluster_announce_ip": facts.pop("announces", address or build.address(ordinal)),
        "repl_diskless_sync_max_replicas": str(max(1, topology.replicas_per_shard)),
    }
    place = f"redis-app-{ordinal}/{facts.pop('host', '-')}/{facts.pop('zone', '-')}"
    shown = facts.pop("wish", "")
    name = f"{place}/{shown}" if shown else place
    return {**said, "cluster_announce_human_nodename": name, **facts}


def _nodes(ordinal: int, lines: list[str], topology: Topology) -> list[str]:
    found: dict[str, str] = {}
    for line in lines:
        if line == "blank":
            some = [build.blank(ordinal)]
        elif line == "everybody":
            some = build.all_lines(ordinal, topology.size or 6, topology.shards or 3)
        else:
            some = [_in_full(line)]
        found |= {one.split()[0]: one for one in some}
    return list(found.values())


def _in_full(line: str) -> str:
    node_id, where, *rest = line.split(" ")
    endpoint, comma, name = where.partition(",")
    name = (
        f"{name}.{build.SUBDOMAIN}" if name.startswith("redis-app-") and "." not in name else name
    )
    return " ".join([node_id, f"{endpoint}{comma}{name}", *rest])
