"""A new shard has the functions of the others before its first slot."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from tests.formation import forming
from tests.keeping import fire, keeping
from tests.reshard import wishing
from tests.statefulset import needs, pod, sets

CODE = """#!lua name=mylib
server.register_function('both', function(keys, args)
  return server.call('MGET', keys[1], keys[2])
end)
"""


def load(some: list[pod.Pod], code: str = CODE) -> None:
    for one in some:
        one.ask(
            "FUNCTION", "LOAD", code if one.server.valkey else code.replace("server.", "redis.")
        )


def libraries(one: pod.Pod) -> int:
    return int(one.ask("INFO", "memory")["number_of_libraries"])


def call_everywhere(app: sets.LocalStatefulSet) -> None:
    """Call the function with keys of every shard: each has to know it."""
    with contextlib.closing(keeping.client(app)) as client:
        for number in range(keeping.KEYS):
            key = f"{{key-{number}}}"
            assert client.fcall("both", 2, key, f"{key}-other") == [None, None]


@pytest.mark.parametrize("name", wishing.SERVERS)
def test_a_new_shard_has_the_functions_of_the_others(name: str, tmp_path: Path) -> None:
    with wishing.formed(name, tmp_path) as (app, wish), fire.Fire(app) as burning:
        load(app.pods[:3])
        wish.state("4")
        new = wishing.scale_out(app, 2)
        wishing.wait_even(app, 4)
        call_everywhere(app)
        assert [libraries(one) for one in new] == [1, 1]
        assert burning.judge() == set()


@pytest.mark.parametrize("name", ["valkey-9.1"])
def test_owners_that_differ_are_waited_for(name: str, tmp_path: Path) -> None:
    """Until the same functions are everywhere, no slot moves."""
    needs.insecurity("valkey has no TLS here, and redis brings functions along")
    with wishing.formed(name, tmp_path) as (app, wish):
        load(app.pods[:1])
        wish.state("4")
        seat, _ = wishing.scale_out(app, 2)
        told = "to have as many libraries of functions each: redis-app-0 has 1, redis-app-1 has 0"
        forming.until(
            lambda: told in str(forming.last(seat).get("waiting")),
            lambda: seat.sidecar.log()[-3:],
        )
        assert (wishing.owned(app).get(seat.ordinal), libraries(seat)) == (None, 0)
        load(app.pods[1:3])
        wishing.wait_even(app, 4)
        call_everywhere(app)
