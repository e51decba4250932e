"""A server that answers its own sidecar and no other pod: bound to loopback, or protected."""

from __future__ import annotations

from typing import Final

from bootstrap.core import listening
from bootstrap.core.plan import commands
from bootstrap.core.plan.outcome import Alarm
from bootstrap.core.plan.scene import Scene
from bootstrap.core.plan.todo import Todo

CODE: Final = "not-reachable"
_MEANS: Final = "no peer can see or copy it, and no client reaches it; its data are untouched"


def deaf(scene: Scene) -> list[Alarm]:
    """The faults of our own pod: its sidecar shares its network, and alone can tell."""
    me, topology = scene.me, scene.topology
    my, where = scene.my, f"{me.address}:{topology.port}"
    if me.deaf:
        bind = my.setting("bind")
        why = (
            f"{me.name}: its server answers its own sidecar, and takes no connection at {where}"
            f" ({me.deaf}): it is bound to {bind} alone; {_MEANS}"
        )
        return [_alarm(scene, why, "bind", f"expected: {me.address}, or * for all")]
    if listening.protected(my) and not topology.with_password:
        why = (
            f"{me.name}: protected-mode is on and the server has no password, so it turns every"
            f" other pod away at {where}; {_MEANS}"
        )
        return [_alarm(scene, why, "protected-mode", "expected: no, or a password")]
    return []


def _alarm(scene: Scene, why: str, setting: str, expect: str) -> Alarm:
    ask = f"kubectl exec{commands.namespace(scene.topology)} {scene.me.name} -c redis -- redis-cli"
    cure = {
        "bind": "take the line `bind` out of redis.conf, and restart the servers one by one",
        "protected-mode": "give the servers and sidecars a password, or set `protected-mode no` in"
        " redis.conf where a NetworkPolicy keeps others out",
    }[setting]
    look = Todo(what=f"what is {setting}?", command=f"{ask} CONFIG GET {setting}", expect=expect)
    fix = (look, Todo(what=cure))
    return Alarm(pod=scene.me.name, code=CODE, why=why, fix=fix, serves=False)
