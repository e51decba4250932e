"""What a primary's words say of a replica, and what is told where only the link is seen."""

from __future__ import annotations

import dataclasses

import pytest

from bootstrap import plan as planning
from bootstrap.model import primary_answer
from bootstrap.model.primary_answer import Refusal
from bootstrap.model.timers import Timers
from bootstrap.plan.facts import Facts
from bootstrap.show import headline, shards
from tests.core import build

WORDS = {
    "-DENIED Redis is running in protected mode because": Refusal.PROTECTED,
    "-ERR max number of clients reached": Refusal.CROWDED,
    "-ERR max number of clients + cluster connections reached": Refusal.CROWDED,
    "-NOAUTH Authentication required.": Refusal.LOGIN_WANTED,
    "-WRONGPASS invalid username-password pair or user is disabled.": Refusal.LOGIN_WRONG,
    "-ERR AUTH <password> called without any password configured": Refusal.LOGIN_UNASKED,
    "-NOPERM this user has no permissions to run the 'replconf' command": Refusal.RIGHTS,
    "-ERR unknown command 'REPLCONF', with args beginning with: ": Refusal.COMMAND,
    "-LOADING Redis is loading the dataset in memory": None,
    "-MASTERDOWN Link with MASTER is down": None,
    "+PONG": None,
    "+NOAUTH": None,
}


@pytest.mark.parametrize("line", WORDS)
def test_the_words_of_a_refusal(line: str) -> None:
    assert primary_answer.refusal(line) is WORDS[line]


def test_copies_that_were_refused_are_counted() -> None:
    count = "calls=0,usec=0,usec_per_call=0.00,rejected_calls=7,failed_calls=0"
    assert primary_answer.copies_refused(f"# Commandstats\r\ncmdstat_psync:{count}\r\n") == 7
    assert primary_answer.copies_refused("cmdstat_psync:calls=1,usec=2,usec_per_call=2.00\r\n") == 0
    assert primary_answer.copies_refused("cmdstat_sync:rejected_calls=7\r\n") == 0


def test_status_names_every_replica_without_a_link() -> None:
    topology = build.topology(1)
    pods = [build.own(one, build.all_lines(one), ok=True, link=one != 4) for one in range(6)]
    pods[5] = build.own(5, build.all_lines(5), ok=True)
    seen = build.snapshot(*pods)
    seen = dataclasses.replace(
        seen, timers=Timers(unlinked=tuple((pod.name, None) for pod in seen.pods))
    )
    plan = planning.plan(seen, topology)
    found = headline.headline(Facts(seen, topology), plan, shards.cluster(seen, topology))
    assert "redis-app-4 has no link to its primary redis-app-1 at 10.0.0.11" in found.text
    assert "redis-app-5 has no link to its primary redis-app-2 at 10.0.0.12" in found.text
    assert "redis-app-4 -c bootstrap -- python -m bootstrap status" in found.todo[0].command
