"""Which of a test's servers it runs on, where it does not run on all."""

from __future__ import annotations

import dataclasses
import types
from typing import Any

import pytest

from tests.statefulset import secured, variants

TWO = ("valkey-9.1", "redis-8.2")
NAMES = [f"test_with_{n}" for n in range(20)]


@dataclasses.dataclass
class Item:
    """What is asked of an item of pytest."""

    name: str
    params: dict[str, Any]
    marks: tuple[pytest.MarkDecorator, ...] = ()
    reasons: list[str] = dataclasses.field(default_factory=list)

    @property
    def nodeid(self) -> str:
        return f"tests/keeping/test_it.py::{self.name}[{'-'.join(map(str, self.params.values()))}]"

    @property
    def module(self) -> object:
        """The file that it is in."""
        return types.SimpleNamespace(**dict.fromkeys(NAMES))

    @property
    def callspec(self) -> Item:
        return self

    def get_closest_marker(self, name: str) -> pytest.Mark | None:
        return next((one.mark for one in self.marks if one.name == name), None)

    def add_marker(self, mark: pytest.MarkDecorator) -> None:
        assert mark.name == "skip"
        self.reasons.append(mark.kwargs["reason"])


def of(name: str, *marks: pytest.MarkDecorator, **more: str) -> list[Item]:
    return [Item(name, {"name": server, **more}, marks) for server in TWO]


@pytest.fixture(autouse=True)
def usual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KEEPING", raising=False)
    monkeypatch.setattr(secured, "WANTED", False)


def run(items: list[Any]) -> list[Any]:
    """Those that run."""
    variants.choose(items)
    return [one for one in items if not one.reasons]


def test_one_of_them_runs_and_the_others_say_where() -> None:
    items = of("test_it")
    (kept,) = run(items)
    (other,) = (one for one in items if one is not kept)
    assert other.reasons == [
        f"runs on {kept.params['name']} here; KEEPING=all runs it on every server"
    ]


def test_all_of_them_run_when_that_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEPING", "all")
    assert len(run(of("test_it"))) == len(TWO)


def test_the_draw_is_not_the_same_for_all() -> None:
    drawn = [one.params["name"] for n in range(20) for one in run(of(f"test_{n}"))]
    assert set(drawn) == set(TWO)


@pytest.mark.parametrize("server", TWO)
def test_a_test_says_where_it_usually_runs(server: str) -> None:
    (kept,) = run(of("test_it", pytest.mark.usually(server)))
    assert kept.params["name"] == server


def test_who_asks_for_another_server_by_name_gets_it() -> None:
    asked = of("test_it", pytest.mark.usually(TWO[1]))[:1]
    assert run(asked) == asked


def test_a_server_that_is_none_is_an_error() -> None:
    with pytest.raises(pytest.UsageError, match=r"redis-9\.9"):
        run(of("test_it", pytest.mark.usually("redis-9.9")))


def test_twins_run_on_the_same_server() -> None:
    for one in NAMES:
        other = one.replace("with", "without")
        kept = run(of(one, how="a") + of(other, pytest.mark.twin(one), how="a"))
        assert [item.name for item in kept] == [one, other]
        assert len({item.params["name"] for item in kept}) == 1


def test_a_twin_that_is_not_there_is_an_error() -> None:
    with pytest.raises(pytest.UsageError, match="expected its twin"):
        run(of("test_it", pytest.mark.twin("test_with_another")))


def test_from_one_server_to_another_is_not_the_same_test_on_two() -> None:
    pairs = [("redis-7.0", "valkey-9.1"), ("valkey-8.1", "valkey-9.1"), ("redis-7.0", "redis-8.2")]
    assert len(run([Item("test_it", {"old": old, "new": new}) for old, new in pairs])) == 3


def test_secured_runs_each_once_on_the_server_that_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secured, "WANTED", True)
    known = [Item("test_it", {"name": name}) for name in (*TWO, secured.SERVER)]
    (kept,) = run(known)
    assert kept.params["name"] == secured.SERVER
    assert len(run(of("test_other"))) == 1


def test_what_enumerates_is_for_all_servers_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(of("test_it", pytest.mark.enumerates)) == []
    monkeypatch.setenv("KEEPING", "all")
    assert len(run(of("test_it", pytest.mark.enumerates))) == len(TWO)
