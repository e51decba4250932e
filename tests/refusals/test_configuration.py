"""What is wrong with the environment or the command line is said at once, and all of it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.refusals import asking, clusters
from tests.statefulset import sets

FAULTS: Mapping[str, tuple[Mapping[str, str | None], tuple[str, ...]]] = {
    "hostname without ordinal": (
        {"POD_NAME": "redis-app"},
        ("POD_NAME", "ends in its ordinal", "saw 'redis-app'", "set POD_NAME from"),
    ),
    "size is not a number": (
        {"BOOTSTRAP_SIZE": "six"},
        ("BOOTSTRAP_SIZE", "a whole number", "saw 'six'", "set it as in BOOTSTRAP_SIZE=6"),
    ),
    "size of nothing": (
        {"BOOTSTRAP_SIZE": "0"},
        ("BOOTSTRAP_SIZE", "from 1", "saw '0'", "set it as in BOOTSTRAP_SIZE=6"),
    ),
    "node time-out that marks forming": (
        {"BOOTSTRAP_NODE_TIMEOUT": "999"},
        ("BOOTSTRAP_NODE_TIMEOUT", "none of 499, 999, 1999", "saw 999", "to 1000"),
    ),
    "password in two places": (
        {"BOOTSTRAP_REDIS_PASSWORD": "s3cret", "BOOTSTRAP_REDIS_PASSWORD_FILE": "/s"},
        ("BOOTSTRAP_REDIS_PASSWORD", "expected either", "saw both", "unset one of them"),
    ),
    "password file is missing": (
        # With SECURED=yes there is a password already.
        {"BOOTSTRAP_REDIS_PASSWORD": None, "BOOTSTRAP_REDIS_PASSWORD_FILE": "/nowhere/password"},
        ("BOOTSTRAP_REDIS_PASSWORD_FILE", "/nowhere/password", "No such file", "check the path"),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_variable_is_named(bare: sets.LocalStatefulSet, fault: str) -> None:
    env, says = FAULTS[fault]
    modes = ("run", "--once", "--dry-run") if "size" in fault else ("--once",)
    started = [bare[0].start_sidecar([mode], env=env) for mode in modes]
    for answer in map(asking.answer, started):
        assert answer.status == asking.CONFIGURATION, answer
        (line,) = answer.text.splitlines()
        assert answer.has_line(says), line


def test_all_faults_are_said_at_once(bare: sets.LocalStatefulSet) -> None:
    env = {"POD_NAME": "redis-app", "BOOTSTRAP_SIZE": "six", "BOOTSTRAP_REDIS_PORT": "none"}
    answer = asking.ask(bare[0], "--once", env=env)
    assert answer.status == asking.CONFIGURATION
    said = [line.removeprefix("bootstrap: ").partition(":")[0] for line in answer.text.splitlines()]
    assert sorted(said) == sorted(env)


@pytest.mark.parametrize(
    ("args", "seen"),
    [
        (["--dryrun"], "--dryrun"),
        (["sing"], "sing"),
        (["--once", "--dry-run"], "--dry-run"),
        (["--output", "xml"], "xml"),
    ],
)
def test_usage(bare: sets.LocalStatefulSet, args: list[str], seen: str) -> None:
    answer = asking.ask(bare[0], *args)
    assert answer.status == asking.USAGE, answer
    assert answer.has_line(["bootstrap:", seen, "see --help"]), answer


# The size: needed to form, and for nothing else.

NO_SIZE = {"BOOTSTRAP_SIZE": None}
SAYS_NO_SIZE = (
    "BOOTSTRAP_SIZE",
    "expected the number of pods",
    "saw none",
    "set BOOTSTRAP_SIZE to",
)


def test_without_a_size_nothing_is_formed(blank: sets.LocalStatefulSet) -> None:
    status = asking.CONFIGURATION
    asking.refused(blank[0], blank.pods, dry=status, once=status, says=SAYS_NO_SIZE, env=NO_SIZE)


def test_a_size_below_three_shards_forms_nothing(blank: sets.LocalStatefulSet) -> None:
    status = asking.CONFIGURATION
    says = ("BOOTSTRAP_SIZE", "expected at least 3", "saw 2", "BOOTSTRAP_ALLOW_FEWER_SHARDS=true")
    env = {"BOOTSTRAP_SIZE": "2"}
    asking.refused(blank[0], blank.pods, dry=status, once=status, says=says, env=env)
    answer = asking.ask(blank[0], "run", env=env)
    assert answer.status == asking.CONFIGURATION, answer
    assert answer.has_line(says), answer


def test_a_sidecar_without_a_size_ends_by_itself(blank: sets.LocalStatefulSet) -> None:
    answer = asking.ask(blank[0], "run", env=NO_SIZE)
    assert answer.status == asking.CONFIGURATION, answer
    assert answer.has_line(SAYS_NO_SIZE), answer


@pytest.mark.parametrize("size", [None, "2"])
def test_a_member_of_a_cluster_goes_on_without_a_size(
    blank: sets.LocalStatefulSet, size: str | None
) -> None:
    """Or with one that is too small: manifests take it from the replicas, which were scaled in."""
    clusters.form(blank.pods)
    env = {"BOOTSTRAP_SIZE": size}
    assert asking.ask(blank[0], "--once", env=env).status == asking.REACHED
    shown = asking.ask(blank[0], "--dry-run", env=env)
    assert shown.status == asking.REACHED, shown
    assert "nothing to do for redis-app-0" in shown.text


def test_a_blank_seed_without_a_size_joins_its_peers(blank: sets.LocalStatefulSet) -> None:
    """Its volume was lost: the cluster is there, so there is nothing to form."""
    clusters.form(blank.pods[1:])
    answer = asking.ask(blank[0], "--once", env=NO_SIZE)
    assert answer.status == asking.REACHED, answer
    assert blank[1].node_id() in blank[0].cluster_nodes()
    assert "slave" in blank[0].cluster_nodes()
