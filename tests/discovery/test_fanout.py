"""Waiting for many answers at once: no task outlives the wait, however it ends."""

from __future__ import annotations

import asyncio

import pytest

from bootstrap.dns import fanout


class _Asked:
    """Questions that hang; each takes a few more turns of the loop to end when it is cut off."""

    def __init__(self) -> None:
        self.ended: list[int] = []

    async def hang(self, number: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(3):
                await asyncio.sleep(0)
            self.ended.append(number)


@pytest.mark.parametrize("all_of_them", [True, False])
def test_a_wait_that_is_cut_off_leaves_no_task_behind(*, all_of_them: bool) -> None:
    async def cut_off() -> list[int]:
        asked = _Asked()
        tasks = [asyncio.create_task(asked.hang(number)) for number in range(3)]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await fanout.wait(tasks, all_of_them=all_of_them)
        return list(asked.ended)

    assert sorted(asyncio.run(cut_off())) == [0, 1, 2]


def test_an_error_ends_the_others_too() -> None:
    async def fail() -> None:
        raise ArithmeticError

    async def erring() -> list[int]:
        asked = _Asked()
        tasks = [asyncio.create_task(fail()), *(asyncio.create_task(asked.hang(n)) for n in (1, 2))]
        with pytest.raises(ArithmeticError):
            await fanout.wait(tasks, all_of_them=False)
        return list(asked.ended)

    assert sorted(asyncio.run(erring())) == [1, 2]


def test_a_late_one_is_cancelled_and_the_others_answer() -> None:
    async def late() -> tuple[int, bool]:
        async def answer() -> int:
            return 7

        hung = asyncio.create_task(_Asked().hang(0))
        answered = [asyncio.create_task(answer()) for _ in range(3)]
        await fanout.wait([hung, *answered], all_of_them=False)
        return sum(one.result() for one in answered), hung.cancelled()

    assert asyncio.run(late()) == (21, True)
