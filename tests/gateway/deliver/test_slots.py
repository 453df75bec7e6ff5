"""Slots whose number changes."""

import asyncio

from gateway.deliver.slots import Slots
from tests.peers.loopback import until


async def test_as_many_as_there_are_just_now():
    """Fewer slots let nobody new in until enough are given back; more let the next one in."""
    most, inside, leave = 2, 0, asyncio.Event()

    async def work(slots: Slots) -> None:
        nonlocal inside
        async with slots:
            inside += 1
            await leave.wait()

    slots = Slots(lambda: most)
    first = [asyncio.create_task(work(slots)) for _ in range(3)]
    await until(lambda: inside == 2, 5, "two inside")
    most = 1
    leave.set()
    await asyncio.gather(*first)
    assert slots.taken == 0
    leave.clear()
    inside = 0
    second = [asyncio.create_task(work(slots)) for _ in range(3)]
    await until(lambda: inside == 1, 5, "one inside")
    assert slots.taken == 1
    leave.set()
    await asyncio.gather(*second)
    assert inside == 3


async def test_a_stop_gives_the_slot_back():
    """Whoever is stopped inside or while waiting leaves no slot taken."""
    slots = Slots(lambda: 1)

    async def work() -> None:
        async with slots:
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(work()) for _ in range(2)]
    await until(lambda: slots.taken == 1, 5, "one inside")
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert slots.taken == 0
