"""What sidecars log, retold in short lines for a person who looks on."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

Tone = Literal["plain", "good", "bad"]
Entry = Mapping[str, Any]

_ACTION: Final = re.compile(r"(?P<pod>\S+): (?P<kind>[a-z-]+) (?P<args>.*) \((?P<why>.*)\)")
_PASSING: Final = ("a temporary setting", "handshakes with", "its own cluster_state", "the seed to")
"""Waits of some milliseconds, which nobody could do anything about."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the story; `at` is in seconds since the epoch."""

    at: float
    pod: str
    text: str
    tone: Tone = "plain"


class Teller:
    """Tells what is new: a plan that comes to the same for a person is not told again."""

    def __init__(self, subdomain: str) -> None:
        """`subdomain` is what all hostnames share; it is left out."""
        self._subdomain = f".{subdomain}"
        self._plans: dict[str, str] = {}

    def tell(self, entries: Sequence[Entry]) -> list[Line]:
        """Retell entries of one sidecar's log, in their order."""
        lines = [*_actions([entry for entry in entries if entry["event"] == "done"])]
        for entry in entries:
            line = self._plan(entry) if entry["event"] == "plan" else _trouble(entry)
            if line is not None:
                lines.append(line)
        lines.sort(key=lambda line: line.at)
        return [
            dataclasses.replace(line, text=line.text.replace(self._subdomain, "")) for line in lines
        ]

    def _plan(self, entry: Entry) -> Line | None:
        pod, (text, tone) = str(entry["pod"]), _said(entry)
        if not text or self._plans.get(pod) == text:
            return None
        self._plans[pod] = text
        return Line(at=_seconds(entry), pod=pod, text=text, tone=tone)


def _actions(done: Sequence[Entry]) -> Iterator[Line]:
    """One line for what was done to a node, or to several nodes alike."""
    alike: dict[tuple[str, str], list[tuple[float, str]]] = collections.defaultdict(list)
    meets: dict[str, list[tuple[float, str]]] = collections.defaultdict(list)
    for entry in done:
        found = _ACTION.fullmatch(str(entry["action"]))
        if not found:
            continue
        pod, words = found["pod"], found["args"].split()
        if found["kind"] == "meet":
            meets[pod].append((_seconds(entry), words[0]))
        elif text := _deed(found["kind"], words):
            alike[text, str(entry["pod"])].append((_seconds(entry), pod))
    for (text, actor), some in alike.items():
        (at, pod), count = some[0], len(some)
        told = f"tells {count} nodes: {text}" if count > 1 else text
        yield Line(at=at, pod=actor if count > 1 else pod, text=told)
    for pod, some in meets.items():
        yield Line(at=some[0][0], pod=pod, text=f"meets {', '.join(peer for _, peer in some)}")


def _deed(kind: str, words: Sequence[str]) -> str:
    match kind:
        case "add-slots":
            return f"is given the slots {words[0]}"
        case "replicate":
            return f"joined as replica of {words[0]}"
        case "config-set":
            return _settings(dict(word.partition("=")[::2] for word in words))
    return ""


def _settings(settings: Mapping[str, str]) -> str:
    if "cluster-announce-ip" in settings or "cluster-announce-hostname" in settings:
        known = [settings.get(f"cluster-announce-{name}") for name in ("ip", "hostname")]
        return f"is up, and tells its server who it is: {', '.join(filter(None, known))}"
    parts = []
    if (pace := settings.get("cluster-ping-interval", "0")) != "0":
        parts.append(f"hurry while the cluster forms, ping every {pace} ms")
    if settings.get("cluster-ping-interval") == "0":
        parts.append("the cluster is formed, ping at the usual pace again")
    if timeout := settings.get("cluster-node-timeout"):
        parts.append(f"node time-out {timeout} ms")
    return "; ".join(parts)


def _trouble(entry: Entry) -> Line | None:
    """Whatever is unusual, as it stands."""
    if entry["level"] not in {"warning", "error"}:
        return None
    known = {"timestamp", "level", "event", "pod"}
    facts = " ".join(f"{key}={value}" for key, value in entry.items() if key not in known)
    pod = str(entry.get("pod", "?"))
    return Line(at=_seconds(entry), pod=pod, text=f"{entry['event']}: {facts}", tone="bad")


def _said(entry: Entry) -> tuple[str, Tone]:
    match entry["phase"]:
        case "blocked":
            return f"REFUSES: {entry['blocked']}; to do: {entry.get('fix', '?')}", "bad"
        case "steady":
            return "healthy, nothing left to do", "good"
        case "form":
            return f"found {entry['found']}, and forms the cluster", "plain"
        case "waiting" if "found" in entry:
            return f"found {entry['found']}, and waits for the others", "plain"
    waits = str(entry.get("waiting", "")).split("; ")
    lasting = [wait for wait in waits if wait and not wait.startswith(_PASSING)]
    return (f"waits for {lasting[0]}" if lasting else ""), "plain"


def _seconds(entry: Entry) -> float:
    return dt.datetime.fromisoformat(str(entry["timestamp"])).timestamp()
