"""The sets that these tests begin with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.refusals import asking
from tests.statefulset import needs, sets


@pytest.fixture
def bare() -> Iterator[sets.LocalStatefulSet]:
    """Three pods in which nothing runs yet; with three shards of one, only the seed is to act."""
    # The first sync of a replica would wait five seconds for company.
    prompt = {"repl-diskless-sync-delay": 0}
    with sets.LocalStatefulSet(
        3, needs.any_server(), replicas_per_shard=0, server_config=prompt
    ) as app:
        yield app


@pytest.fixture
def blank(bare: sets.LocalStatefulSet) -> sets.LocalStatefulSet:
    """The same with blank servers, each of which says whose it is: ready to be formed."""
    bare.start_servers()
    asking.announce(bare.pods)
    return bare
