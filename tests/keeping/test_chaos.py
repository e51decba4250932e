"""Everything that happens to pods, at random, for a while.

KEEPING_SEED=n deals the blows of an earlier run again (it is printed); without it every run has
other ones. KEEPING_SECONDS says how long to go on: 60 when it is not set, as in CI, and on demand

    KEEPING_SECONDS=300 scripts/test -s tests/keeping/test_chaos.py
"""

from __future__ import annotations

import os
import random

import pytest

from tests.keeping import chaos, fire, keeping


# Valkey mends by itself some of what is dealt here, such as replicas that dial dead addresses.
@pytest.mark.usually("redis-8.2")
@pytest.mark.parametrize("name", keeping.SERVERS)
@pytest.mark.timeout(900)
def test_blows_at_random(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    seed = int(os.environ.get("KEEPING_SEED") or random.SystemRandom().randrange(1_000_000))
    seconds = float(os.environ.get("KEEPING_SECONDS") or 60)

    def say(line: object) -> None:
        with capsys.disabled():
            print(f"\n{name}: {line}", end="", flush=True)

    say(f"KEEPING_SEED={seed}")
    with fire.formed(name) as app:
        with fire.Fire(app) as under:
            try:
                for blow in chaos.Chaos(under, seed).run(seconds):
                    say(blow)
                lost = under.judge()
            except Exception as error:
                error.add_note(f"KEEPING_SEED={seed}")
                raise
        say(under.report(f"{seconds:g} s", lost))
