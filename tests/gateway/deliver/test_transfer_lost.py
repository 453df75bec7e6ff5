"""Connections that break or stall around the final dot: certain before it, uncertain after it, patient in between."""

import asyncio
from pathlib import Path

import pytest

from gateway.deliver import session as session_module
from gateway.spool.reply import Deferral, Receipt, Refusal, Scope
from tests.gateway.deliver.connected import line
from tests.gateway.deliver.given import MESSAGE, OFFICE
from tests.gateway.deliver.throttle import Throttle
from tests.peers.certificates import Certificate
from tests.peers.exchange import Exchange
from tests.peers.loopback import until
from tests.peers.script import At, Drop, Healthy, Pause, Reset, Script, Silence, StopReading, Wait

BIG = MESSAGE + b"x" * 76 + b"\r\n" + (b"y" * 76 + b"\r\n") * 60_000
"""4.7 MB: more than the buffers between two processes of one machine hold."""


@pytest.mark.parametrize("end", [Drop(), Reset()])
@pytest.mark.parametrize("at", [At.MAIL, At.RCPT, At.DATA])
async def test_cut_before_the_body_is_certain(
    server_certificate: Certificate, tmp_path: Path, at: At, end: Drop | Reset
):
    """Row 3: A connection that ends at a command is a certain failure of the route."""
    async with line(server_certificate, tmp_path, Script().on(at, end)) as one:
        sent = await one.send()
        assert (sent.is_uncertain, sent.is_reusable) == (False, False)
        assert isinstance(sent.verdicts[OFFICE], Deferral)
        assert one.exchange.messages == []


@pytest.mark.parametrize("end", [Drop(), Reset()])
@pytest.mark.parametrize("after_bytes", [0, 100_000])
async def test_cut_in_the_body_is_certain_and_the_messages_own(
    server_certificate: Certificate, tmp_path: Path, end: Drop | Reset, after_bytes: int
):
    """Row 3: A connection that ends in the body has sent nothing; it costs this message its turn, and no other."""
    script = Script().on(At.BODY, end, after_bytes=after_bytes)
    async with line(server_certificate, tmp_path, script) as one:
        sent = await one.send(content=BIG)
        verdict = sent.verdicts[OFFICE]
        assert isinstance(verdict, Deferral)
        assert verdict.scope is Scope.MESSAGE
        assert (sent.is_uncertain, sent.is_reusable) == (False, False)
        assert one.exchange.messages == []


@pytest.mark.parametrize("end", [Drop(), Reset()])
async def test_cut_after_the_dot_is_uncertain(server_certificate: Certificate, tmp_path: Path, end: Drop | Reset):
    """Row 4: A host that has the whole message and hangs up may have taken it."""
    async with line(server_certificate, tmp_path, Script().on(At.DOT, end)) as one:
        sent = await one.send()
        verdict = sent.verdicts[OFFICE]
        assert isinstance(verdict, Deferral)
        assert verdict.scope is Scope.MESSAGE
        assert "did not answer the whole message" in verdict.said
        assert (sent.is_uncertain, sent.is_reusable) == (True, False)
        assert len(one.exchange.messages) == 1


async def test_no_answer_to_the_dot_is_uncertain(
    server_certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Row 4: A host that never answers the whole message is left after the final timeout, and may have taken it."""
    monkeypatch.setattr(session_module, "FINAL_TIMEOUT_S", 0.2)
    async with line(server_certificate, tmp_path, Script().on(At.DOT, Silence())) as one:
        sent = await one.send()
        assert sent.is_uncertain
        assert isinstance(sent.verdicts[OFFICE], Deferral)
        await one.exchange.left_alone()


async def test_a_late_250_is_waited_for(
    server_certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Row 5: The final reply has its own timeout: an answer later than every other limit still counts."""
    monkeypatch.setattr(session_module, "COMMAND_TIMEOUT_S", 0.2)
    monkeypatch.setattr(session_module, "PROGRESS_TIMEOUT_S", 0.2)
    async with line(server_certificate, tmp_path, Script().on(At.DOT, Pause(0.6), Healthy())) as one:
        sent = await one.send()
        assert isinstance(sent.verdicts[OFFICE], Receipt)
        assert not sent.is_uncertain


async def test_a_refusal_in_the_body_ends_the_upload(server_certificate: Certificate, tmp_path: Path):
    """Row 25: A host that refuses half way is heard at once: its words count, the rest and the dot are not sent."""
    held = asyncio.Event()
    script = Script().on(At.BODY, b"552 5.3.4 Message size exceeds fixed limit\r\n", Wait(held), after_bytes=1000)
    async with line(server_certificate, tmp_path, script) as one:
        called: list[None] = []

        async def before_dot() -> None:
            called.append(None)

        sent = await one.send(content=BIG, before_dot=before_dot)
        held.set()
        verdict = sent.verdicts[OFFICE]
        assert isinstance(verdict, Refusal)
        assert verdict.said == "552 5.3.4 Message size exceeds fixed limit"
        assert (sent.is_uncertain, sent.is_reusable) == (False, False)
        assert called == []
        await one.exchange.left_alone()
        assert one.exchange.messages == []


async def test_a_refusal_just_before_the_dot_is_heard(server_certificate: Certificate, tmp_path: Path):
    """A refusal that comes while the journal notes the sending is the reply to the body: no dot follows it."""
    spoken = asyncio.Event()
    script = Script().on(At.BODY, b"554 5.6.0 no\r\n", Wait(spoken), after_bytes=len(MESSAGE) - 1)
    async with line(server_certificate, tmp_path, script) as one:

        async def before_dot() -> None:
            await until(lambda: one.session.has_answered, 5, "the refusal")

        sent = await one.send(before_dot=before_dot)
        spoken.set()
        assert sent.verdicts[OFFICE].said == "554 5.6.0 no"
        assert not sent.is_reusable
        await one.exchange.left_alone()
        assert one.exchange.messages == []


async def test_a_250_in_the_body_is_no_receipt(server_certificate: Certificate, tmp_path: Path):
    """A host that says 250 before it has the message has taken nothing."""
    held = asyncio.Event()
    async with line(server_certificate, tmp_path, Script().on(At.BODY, b"250 2.0.0 ok\r\n", Wait(held))) as one:
        sent = await one.send(content=BIG)
        held.set()
        assert isinstance(sent.verdicts[OFFICE], Deferral)
        assert not sent.is_reusable


async def test_a_stalled_upload_is_given_up(
    server_certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Row 7: A host that stops reading is left when no byte went out for the progress timeout; that is certain."""
    monkeypatch.setattr(session_module, "PROGRESS_TIMEOUT_S", 0.3)
    script = Script().on(At.BODY, StopReading(), after_bytes=1000)
    async with line(server_certificate, tmp_path, script, receive_buffer_bytes=4096) as one:
        one.narrow()
        sent = await one.send(content=BIG)
        assert isinstance(sent.verdicts[OFFICE], Deferral)
        assert (sent.is_uncertain, sent.is_reusable) == (False, False)
        assert "TimeoutError" in sent.verdicts[OFFICE].said
        assert one.exchange.messages == []


async def test_a_slow_uplink_never_times_out(
    server_certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Row 6: As long as bytes go out an upload may take any time: many times the progress timeout here."""
    monkeypatch.setattr(session_module, "PROGRESS_TIMEOUT_S", 0.7)
    content = MESSAGE + (b"z" * 76 + b"\r\n") * 31_000  # 2.4 MB at 600 kB/s
    async with (
        Exchange(server_certificate.server_context(), needs_login=False) as far,
        Throttle(far.port, 600_000) as slow,
        line(server_certificate, tmp_path, port=slow.port) as one,
    ):
        one.narrow()
        sent = await one.send(content=content)
        assert isinstance(sent.verdicts[OFFICE], Receipt)
        (message,) = far.messages
        assert message.content == content
