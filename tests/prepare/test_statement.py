"""Statements arrive as they were made, and only from the pod that was asked."""

from __future__ import annotations

import json

import pytest

from bootstrap.prepare import statement
from bootstrap.prepare.roll import Founding, Stated, Volume

ME = statement.Speaker(pod="db-0.db.prod.svc.cluster.local", system="etcd")
FOUNDING = Founding(seed="db-0", nonces=(("db-0", "a"), ("db-1", "b")))
SAID = Stated(volume=Volume.BLANK, nonce="a", founding=FOUNDING, took=True)


@pytest.mark.parametrize(
    "said", [SAID, Stated(volume=Volume.HISTORY, nonce="a"), Stated(volume=Volume.BLANK, nonce="b")]
)
def test_what_is_told_is_understood(said: Stated) -> None:
    assert statement.parse(statement.text(ME, said), ME) == said


@pytest.mark.parametrize(
    "other",
    [
        statement.Speaker(pod="db-0.db.staging.svc.cluster.local", system="etcd"),
        statement.Speaker(pod="db-1.db.prod.svc.cluster.local", system="etcd"),
        statement.Speaker(pod=ME.pod, system="generic"),
    ],
)
def test_another_pod_of_the_same_name_is_not_taken_for_it(other: statement.Speaker) -> None:
    with pytest.raises(statement.OtherPodError, match=other.pod):
        statement.parse(statement.text(other, SAID), ME)


@pytest.mark.parametrize("answer", ["", "not found; there are /readyz", "[]", "{}", "7", "null"])
def test_other_answers_are_none(answer: str) -> None:
    with pytest.raises(statement.NoStatementError):
        statement.parse(answer, ME)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("volume", "full"),
        ("volume", None),
        ("nonce", ""),
        ("nonce", 1),
        ("took", "yes"),
        ("founding", {"seed": "db-0"}),
        ("founding", {"seed": 1, "nonces": []}),
        ("founding", "db-0"),
        ("founding", {"seed": "db-0", "nonces": [["db-0", ""]]}),
    ],
)
def test_a_field_that_makes_no_sense(field: str, value: object) -> None:
    said = {**json.loads(statement.text(ME, SAID)), field: value}
    with pytest.raises(statement.NoStatementError):
        statement.parse(json.dumps(said), ME)
