"""An upstream found at fault while a mail is under way on a session that stood before."""

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from gateway.spool.reply import Receipt
from gateway.spool.traffic import Pause, Traffic
from tests.gateway.deliver.given import OFFICE
from tests.gateway.deliver.offering import NAME, logged_in, offer
from tests.peers.certificates import Certificate
from tests.peers.exchange import Exchange
from tests.peers.script import At, Healthy, Script, Wait

WRONG = b"535 5.7.3 Authentication unsuccessful\r\n"
GONE = b"421 4.3.0 closing\r\n"


@pytest.mark.parametrize(
    ("fault", "stands"),
    [(Script().on(At.AUTH_DONE, WRONG), True), (Script().on(At.MAIL, GONE), False)],
    ids=["a login refused", "an outage"],
)
async def test_a_mail_begun_before_the_fault(
    server_certificate: Certificate, tmp_path: Path, fault: Script, *, stands: bool
):
    """Its success ends an outage, but not the rest after a refused login: repeated, that would lock the mailbox out."""
    may_end = asyncio.Event()
    slow = Script().on(At.DOT, Wait(may_end), Healthy())
    async with (
        Exchange(server_certificate.server_context(), slow, fault) as exchange,
        logged_in(tmp_path, exchange, server_certificate, connections=2) as box,
    ):
        begun = asyncio.create_task(offer(box))
        await exchange.heard("DATA")
        await offer(box)
        assert NAME in box.traffic.pauses()
        may_end.set()
        assert isinstance((await begun).verdicts[OFFICE], Receipt)
        assert (NAME in box.traffic.pauses()) is stands


async def test_a_rest_of_before_the_start_is_known(server_certificate: Certificate, tmp_path: Path):
    """Mails that may pass over an upstream do so from the start, also when its rest is from before."""
    async with Exchange(server_certificate.server_context()) as exchange:
        async with logged_in(tmp_path, exchange, server_certificate) as box:
            box.traffic.pause(NAME, Pause(time.time() + 600, 1, "at fault", ""))
        async with logged_in(tmp_path, exchange, server_certificate) as box:
            assert set(await box.routes.paused()) == {NAME}


async def test_while_a_fault_is_being_noted_nobody_asks_again(
    server_certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A refused login is not repeated by a mail that begins while the journal still writes the pause down."""
    may_write, is_writing = threading.Event(), asyncio.Event()
    loop, pause = asyncio.get_running_loop(), Traffic.pause

    def slowly(self: Traffic, *given: Any) -> None:
        loop.call_soon_threadsafe(is_writing.set)
        may_write.wait(10)
        pause(self, *given)

    monkeypatch.setattr(Traffic, "pause", slowly)
    refusing = Script().on(At.AUTH_DONE, WRONG)
    async with (
        Exchange(server_certificate.server_context(), then=refusing) as exchange,
        logged_in(tmp_path, exchange, server_certificate, connections=2) as box,
    ):
        first = asyncio.create_task(offer(box))
        await is_writing.wait()
        second = asyncio.create_task(offer(box))
        await asyncio.wait({second}, timeout=1)
        may_write.set()
        await asyncio.gather(first, second)
        assert len(exchange.seen.logins) == 1
