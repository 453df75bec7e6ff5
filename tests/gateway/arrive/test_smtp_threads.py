"""SMTP in beside work of the service that stands still."""

import asyncio
import threading
from typing import Final

import pytest

from gateway.arrive.arriving import HELD_BYTES
from tests.gateway.arrive.doorway import MAIL, listening, send, stored, talk

_MORE_THAN_THERE_ARE: Final = 64
"""asyncio's own threads are 32 at most (``concurrent.futures.ThreadPoolExecutor``)."""


@pytest.mark.parametrize("copies", [1, 2 * HELD_BYTES // len(MAIL)])
async def test_shares_that_hang_keep_no_mail_waiting(box, copies):
    """While every thread of the service waits for a remote mount whose server is gone, mails are taken as ever."""
    loop, is_back = asyncio.get_running_loop(), threading.Event()
    async with listening(box) as listener:
        hanging = [loop.run_in_executor(None, is_back.wait) for _ in range(_MORE_THAN_THERE_ARE)]
        try:
            assert (await talk(listener, lambda device: send(device, MAIL * copies))).startswith(b"250")
        finally:
            is_back.set()
            await asyncio.gather(*hanging)
    assert stored(box) == [MAIL * copies]
