"""The binary form by configuration: used when asked for, and after a refusal not tried again for a day."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.deliver.pacing import DAY_S
from gateway.spool.job import State
from tests.gateway.deliver.given import Box, box, config, direct
from tests.gateway.deliver.test_binary import PDF, leaves
from tests.gateway.normalise.test_compose import LETTER, composed
from tests.peers.certificates import Certificate
from tests.peers.exchange import Exchange
from tests.peers.postfix import Postfix
from tests.peers.script import HEALTHY, At, Drop, Script

MAIL = composed(LETTER, PDF)


@asynccontextmanager
async def _sending(
    shown: Certificate, folder: Path, script: Script = HEALTHY, **keys: Any
) -> AsyncIterator[tuple[Exchange, Box]]:
    async with (
        Exchange(shown.server_context(), then=script, needs_login=False) as exchange,
        box(config(folder, direct(exchange.port, shown.authority, **keys))) as opened,
    ):
        yield exchange, opened


@pytest.mark.parametrize("keys", [{}, {"binary": False}, {"binary": True}])
async def test_a_switch(server_certificate: Certificate, tmp_path: Path, keys: dict[str, Any]):
    """With binary = true a scan goes by BDAT to a host that offers it, and by default by DATA."""
    async with _sending(server_certificate, tmp_path, HEALTHY, **keys) as (exchange, opened):
        job = await opened.deliver(opened.ready(message=MAIL))
        assert job.state is State.SENT
        (message,) = exchange.messages
        assert message.is_chunked is keys.get("binary", False)
        assert leaves(message.content) == leaves(MAIL)


async def test_a_refusal_is_remembered_for_a_day(
    server_certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    """A host that took only the text gets text at once for a day, said once in the log; then it is asked again."""
    script = Script().on(At.MAIL, b"555 5.5.4 no BINARYMIME\r\n", matching=lambda line: b"BINARYMIME" in line)
    async with _sending(server_certificate, tmp_path, script, binary=True) as (exchange, opened):
        for _ in range(3):
            assert (await opened.deliver(opened.ready(message=MAIL))).state is State.SENT
        assert sum(b"BINARYMIME" in command.line for command in exchange.seen.commands) == 1
        assert capfd.readouterr().out.count("binary-refused") == 1
        now_s = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: now_s + DAY_S + 1)
        assert (await opened.deliver(opened.ready(message=MAIL))).state is State.SENT
        assert sum(b"BINARYMIME" in command.line for command in exchange.seen.commands) == 2


async def test_a_host_that_breaks_off_gets_text_the_next_time(server_certificate: Certificate, tmp_path: Path):
    """A host, or a firewall before it, that hangs up on BDAT every time burns no message: its next try is by DATA."""
    async with _sending(server_certificate, tmp_path, Script().on(At.DOT, Drop(), nth=1), binary=True) as (far, opened):
        job_id = opened.ready(message=MAIL)
        assert (await opened.deliver(job_id)).is_uncertain
        far.then = Script()
        assert (await opened.deliver(job_id)).state is State.SENT
        assert [message.is_chunked for message in far.messages] == [True, False]


async def test_postfix_gets_data(server_certificate: Certificate, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    """Postfix lists CHUNKING and not BINARYMIME, so it gets DATA without being asked for more."""
    with Postfix(server_certificate) as connector:
        table = direct(connector.port, server_certificate.authority, binary=True)
        async with box(config(tmp_path, table)) as opened:
            assert (await opened.deliver(opened.ready(message=MAIL))).state is State.SENT
            (mail,) = await connector.mails_arrive("office@contoso.com")
            assert leaves(mail)[-1][1] == PDF
            assert "binary-refused" not in capfd.readouterr().out
