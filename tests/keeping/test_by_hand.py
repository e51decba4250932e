"""What a person's commands leave behind: nobody stays without a shard, or unknown to it."""

from __future__ import annotations

import pytest

from tests.formation import forming
from tests.keeping import keeping, roles
from tests.statefulset import oracle


@pytest.mark.usually("redis-8.2")
@pytest.mark.parametrize("name", keeping.SERVERS)
def test_who_was_forgotten_while_away_is_known_again(name: str) -> None:
    """Scaled in, forgotten everywhere, and scaled out again with the old volume.

    Redis lets it copy, and nobody would ever elect it.
    """
    with keeping.formed(name) as app:
        back, *others = app[4], *app.pods[:4], app[5]
        node_id = back.node_id()
        keeping.down(app, [back])
        for one in others:
            one.ask("CLUSTER", "FORGET", node_id)
        back.start_sidecar()
        back.start_server()
        # For a minute the others take it back from nobody but itself.
        forming.until(
            lambda: any(node_id in one.cluster_nodes() for one in others),
            lambda: (forming.answers(back), back.cluster_nodes()),
        )
        forming.wait_ready([back])


@pytest.mark.usually("redis-8.2")
@pytest.mark.parametrize("name", keeping.SERVERS)
def test_the_replica_of_who_gave_all_its_slots_away_stays_in_a_shard(name: str) -> None:
    """The old primary becomes a replica by its sidecar, and a replica of a replica has no vote."""
    config = {"cluster-allow-replica-migration": "no"}
    with keeping.formed(name, server_config=config) as app:
        for one in app.pods[:3]:
            one.ask("FLUSHALL")  # a slot with keys cannot be given away at once
        first, last = 5461, 10921
        owner = app[2].node_id()  # of the greater config epoch
        for one in (app[2], app[1], app[0]):
            with one.client() as client, client.pipeline(transaction=False) as pipe:
                for slot in range(first, last + 1):
                    pipe.execute_command("CLUSTER SETSLOT", slot, "NODE", owner)
                assert set(pipe.execute()) == {True}
        everybody = frozenset(range(6))
        forming.until(
            lambda: (
                len(shards := keeping.shards(app)) == 2 and frozenset().union(*shards) == everybody
            ),
            lambda: (keeping.shards(app), forming.answers(app[4])),
        )
        oracle.wait_healthy(app.pods, keeping.HEALTHY)
        assert roles.beside(app[4], "status")[0] == 0
