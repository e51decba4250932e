"""The first look at the others opens the start gate where all servers are down, and only there."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootstrap.config import identity, settings
from bootstrap.dns import client, first_question, questions
from bootstrap.model import directory
from bootstrap.model.snapshot import Volume
from bootstrap.observe import first_look, volume
from bootstrap.run import early, setup
from tests.statefulset import misbehaviour, needs, process, servers, sets
from tests.statefulset import pod as pods

LINES = """\
aaaa {0}:6379@16379 myself,master - 0 0 1 connected 0-16383
bbbb {1}:6379@16379 slave aaaa 0 0 1 connected
vars currentEpoch 1 lastVoteEpoch 0
"""


@pytest.fixture
def app() -> Iterator[sets.LocalStatefulSet]:
    """Six pods that have their names, and of which no server runs."""
    with sets.LocalStatefulSet(6, needs.any_server()) as made:
        for pod in made.pods:
            pod.publish()
        yield made


def known(pod: pods.Pod) -> settings.Settings:
    return settings.read(pod.sidecar_environment(), identity.Files())


def wanted(found: settings.Settings) -> set[str]:
    topology = setup.topology(found)
    return {
        directory.absolute(topology.hostname_of(one))
        for one in topology.ordinals
        if one != topology.ordinal
    }


def look(found: settings.Settings) -> first_question.Asked:
    """The first look, once it is the turn of a form of question that tells of pods by name."""

    def asked() -> first_question.Asked | None:
        said = first_question.asked(
            directory.absolute(found.service_fqdn),
            questions.TYPES[found.family],
            found.nameservers[0],
            wanted(found),
        )
        return None if said.answers.to_directory().nameless else said

    told = process.wait_for(asked, 10.0, "the next form of question")
    assert told is not None
    return told


def opened(pod: pods.Pod, seen: Volume | None = None) -> bool:
    """Whether the gate of a pod is opened by it; the volume is new, or the one that was seen."""
    found = known(pod)
    topology = setup.topology(found)
    others = first_look.others(topology, look(found).answers)
    return others is not None and early.judge(topology, seen or Volume(), others) is not None


def test_where_all_other_servers_are_down_the_gate_opens(app: sets.LocalStatefulSet) -> None:
    assert opened(app[2])
    app.names.withdraw(app[5].name, app.spec.service, app.spec.namespace)  # not made yet
    assert opened(app[2])


def test_where_one_listens_the_loop_has_to_look(app: sets.LocalStatefulSet) -> None:
    app[4].start_server()
    app[4].wait_server_up()
    assert not opened(app[2])


@pytest.mark.parametrize(
    "fault", [one for one in misbehaviour.Behaviour if one is not misbehaviour.Behaviour.WRONG_ID]
)
def test_a_name_server_that_does_not_answer_properly_opens_nothing(
    app: sets.LocalStatefulSet, fault: misbehaviour.Behaviour
) -> None:
    app.names.behave(fault)
    assert not opened(app[2])


def test_a_name_server_that_is_not_there_opens_nothing(app: sets.LocalStatefulSet) -> None:
    app.names.stop()
    assert not opened(app[2])


def test_a_primary_without_its_data_waits_for_a_replica_that_is_down(
    app: sets.LocalStatefulSet, tmp_path: Path
) -> None:
    (tmp_path / "nodes.conf").write_text(LINES.format(app[2].address, app[5].address))
    assert not opened(app[2], volume.read(tmp_path))


def test_the_loop_goes_on_with_what_dns_has_said(app: sets.LocalStatefulSet) -> None:
    found = known(app[2])
    asked = look(found)
    before = len(app.names.questions)

    async def go_on() -> directory.Directory:
        loop = client.Discovery(
            service=found.service_fqdn,
            nameservers=found.nameservers,
            family=found.family,
            begun=asked,
        )
        assert loop.questions == asked.questions > 0
        return await loop.ask(())

    said = asyncio.run(go_on())
    assert {said.of(name).state for name in wanted(found)} == {"found"}
    assert len(app.names.questions) == before


def test_neither_what_speaks_with_servers_nor_the_loop_is_loaded_for_it(
    app: sets.LocalStatefulSet,
) -> None:
    heavy = ("asyncio", "redis", "structlog", "http.server", "bootstrap.plan.rules")
    told = (
        "import sys\nfrom bootstrap.run import early\nbegun = early.begin()\n"
        f"print(begun.asked is not None, *[one for one in {heavy!r} if one in sys.modules])"
    )
    app[2].data.mkdir(exist_ok=True)
    environment = app[2].sidecar_environment({"BOOTSTRAP_DATA_DIR": str(app[2].data)})
    done = subprocess.run(
        [sys.executable, "-P", "-c", told],
        env={**environment, "PYTHONPATH": str(servers.REPOSITORY), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["True"]
