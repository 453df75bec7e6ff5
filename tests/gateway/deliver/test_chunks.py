"""A message in binary form over a session: what the host stores, and that no reply to it costs the message."""

import asyncio
import email
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conf.model import Address
from gateway.deliver import chunks
from gateway.deliver import session as session_module
from gateway.deliver.transfer import Transfer
from gateway.spool.reply import Deferral, Receipt, Scope
from tests.gateway.deliver.connected import Line, line
from tests.gateway.deliver.given import OFFICE, SENDER, addresses
from tests.gateway.deliver.test_binary import PDF, RICH, leaves
from tests.gateway.normalise.test_compose import composed
from tests.peers import healthy
from tests.peers.certificates import Certificate
from tests.peers.script import At, Drop, Reset, Say, Script, Silence, Wait

MAIL = composed(RICH, PDF * 300)
"""4.2 MB as text: four chunks."""

A, B = addresses("a@contoso.com", "b@contoso.com")


async def _send(one: Line, *recipients: Address, **more: Any) -> Transfer:
    return await one.send(*recipients, content=MAIL, may_be_binary=True, **more)


def _verbs(one: Line) -> list[str]:
    return [verb for verb in one.exchange.seen.verbs() if verb not in {"EHLO", "STARTTLS", "QUIT"}]


async def test_the_host_gets_the_same_mail_in_fewer_bytes(server_certificate: Certificate, tmp_path: Path):
    """By BDAT a host stores the same parts as by DATA, from 27 % fewer bytes, of the size told."""
    async with line(server_certificate, tmp_path) as one:
        heard: list[int] = []

        async def before_dot() -> None:
            heard.append(len(one.exchange.messages))

        sent = await _send(one, before_dot=before_dot)
        assert isinstance(sent.verdicts[OFFICE], Receipt)
        assert (sent.is_uncertain, sent.is_reusable, sent.binary_fault) == (False, True, "")
        assert isinstance((await one.send(content=MAIL)).verdicts[OFFICE], Receipt)
        by_bdat, by_data = one.exchange.messages
        assert (by_bdat.is_chunked, by_data.is_chunked) == (True, False)
        assert by_data.content == MAIL
        assert leaves(by_bdat.content) == leaves(MAIL)
        assert email.message_from_bytes(by_bdat.content)["Message-ID"] == f"<{RICH.message_id}>"
        assert 0.72 < len(by_bdat.raw) / len(by_data.raw) < 0.74
        assert heard == [0]
        mail = next(c.line for c in one.exchange.seen.commands if c.verb == "MAIL")
        assert mail == f"MAIL FROM:<{SENDER}> SIZE={len(by_bdat.raw)} BODY=BINARYMIME".encode()
        said = [c.line.split()[1:] for c in one.exchange.seen.commands if c.verb == "BDAT"]
        assert sum(int(words[0]) for words in said) == len(by_bdat.raw)
        assert [words[1:] for words in said] == [[]] * (len(said) - 1) + [[b"LAST"]]
        assert len(said) == 3


@pytest.mark.parametrize("missing", ["CHUNKING", "BINARYMIME"])
async def test_only_where_both_are_offered(server_certificate: Certificate, tmp_path: Path, missing: str):
    """A host that lists only one of the two extensions gets text, and nothing is held against it."""
    features = tuple(one for one in healthy.FEATURES if one != missing)
    async with line(server_certificate, tmp_path, features=features) as one:
        sent = await _send(one)
        assert isinstance(sent.verdicts[OFFICE], Receipt)
        assert sent.binary_fault == ""
        assert not one.exchange.messages[0].is_chunked


async def test_a_text_alone_goes_as_text(server_certificate: Certificate, tmp_path: Path):
    """A mail without anything in base64 has nothing to win."""
    async with line(server_certificate, tmp_path) as one:
        await one.send(may_be_binary=True)
        assert not one.exchange.messages[0].is_chunked


@pytest.mark.parametrize(
    ("at", "nth", "reply"),
    [
        (At.MAIL, 1, b"555 5.5.4 Unsupported option: BODY=BINARYMIME\r\n"),
        (At.MAIL, 1, b"501 5.5.4 Invalid arguments\r\n"),
        (At.MAIL, 1, b"451 4.3.0 later\r\n"),
        (At.BDAT, 1, b"503 5.5.1 BDAT after DATA\r\n"),
        (At.BDAT, 2, b"554 5.6.1 Body type not supported\r\n"),
        (At.BDAT, 1, b"451 4.3.0 later\r\n"),
        (At.DOT, 1, b"554 5.6.1 Body type not supported\r\n"),
        (At.DOT, 1, b"554 5.3.4 Message too big for system\r\n"),
        (At.DOT, 1, b"999 what\r\n"),
    ],
)
async def test_a_refusal_of_the_form_is_no_end(
    server_certificate: Certificate, tmp_path: Path, at: At, nth: int, reply: bytes
):
    """A host that refuses the binary form at any step gets the text over the same session; that is remembered."""
    async with line(server_certificate, tmp_path, Script().on(at, reply, nth=nth)) as one:
        sent = await _send(one, A, B)
        assert {type(verdict) for verdict in sent.verdicts.values()} == {Receipt}
        assert sent.binary_fault == reply.decode().strip()
        assert sent.is_reusable
        (taken,) = one.exchange.seen.taken()
        assert (taken.content, taken.recipients, taken.is_chunked) == (MAIL, (A, B), False)
        assert one.exchange.seen.connections == 1
        assert _verbs(one)[-5:] == ["RSET", "MAIL", "RCPT", "RCPT", "DATA"]


async def test_what_is_refused_in_both_forms_is_the_messages(server_certificate: Certificate, tmp_path: Path):
    """When the text is refused as well its verdict counts, and nothing speaks against the binary form."""
    script = Script().on(At.DOT, b"550 5.6.0 we do not like it\r\n")
    async with line(server_certificate, tmp_path, script) as one:
        sent = await _send(one)
        assert sent.verdicts[OFFICE].said == "550 5.6.0 we do not like it"
        assert not isinstance(sent.verdicts[OFFICE], Deferral)
        assert sent.binary_fault == ""
        assert [message.is_chunked for message in one.exchange.messages] == [True, False]


@pytest.mark.parametrize(
    ("at", "reply"),
    [
        (At.MAIL, b"432 4.3.2 Concurrent connections limit exceeded\r\n"),
        (At.MAIL, b"421 4.3.2 closing\r\n"),
        (At.BDAT, b"421 4.3.2 closing\r\n"),
        (At.BDAT, b"554 5.2.252 SendAsDenied; no\r\n"),
        (At.DOT, b"550 5.7.60 SMTP; Client does not have permissions to send as this sender\r\n"),
        (At.DOT, b"421 4.3.2 closing\r\n"),
    ],
)
async def test_a_fault_of_the_route_is_no_fault_of_the_form(
    server_certificate: Certificate, tmp_path: Path, at: At, reply: bytes
):
    """What concerns the route stands as it does for text: nothing is uploaded twice, and the form is tried again."""
    async with line(server_certificate, tmp_path, Script().on(at, reply)) as one:
        sent = await _send(one)
        verdict = sent.verdicts[OFFICE]
        assert isinstance(verdict, Deferral)
        assert verdict.scope is Scope.ROUTE
        assert (sent.is_uncertain, sent.binary_fault) == (False, "")
        assert one.exchange.seen.count("MAIL") == 1


async def test_not_now_to_the_whole_is_waited_for(server_certificate: Certificate, tmp_path: Path):
    """4xx to the last chunk puts the message off, and its next try is text: it may be the form for ever."""
    async with line(server_certificate, tmp_path, Script().on(At.DOT, b"451 4.3.2 later\r\n")) as one:
        sent = await _send(one)
        assert sent.verdicts[OFFICE] == Deferral("451 4.3.2 later", Scope.MESSAGE)
        assert (sent.binary_fault, sent.is_reusable) == ("451 4.3.2 later", True)
        assert one.exchange.seen.count("DATA") == 0


@pytest.mark.parametrize("end", [Drop(), Reset(), Say(b"500 5.5.1 unknown\r\n")])
@pytest.mark.parametrize(("at", "nth"), [(At.MAIL, 1), (At.BDAT, 1), (At.BDAT, 2), (At.DOT, 1)])
async def test_a_refusal_and_a_hang_up_are_no_end_either(
    server_certificate: Certificate, tmp_path: Path, at: At, nth: int, end: Drop | Reset | Say
):
    """A refused session that cannot be reset, or one that breaks: put off, as text the next time, never refused."""
    refused = (end,) if isinstance(end, Say) else (Say(b"554 5.6.1 no\r\n"),)
    script = Script().on(at, *refused, nth=nth).on(At.RSET, Drop())
    async with line(server_certificate, tmp_path, script) as one:
        sent = await _send(one)
        verdict = sent.verdicts[OFFICE]
        assert isinstance(verdict, Deferral)
        assert verdict.scope is Scope.MESSAGE
        assert sent.binary_fault
        assert (sent.is_uncertain, sent.is_reusable) == (False, False)


@pytest.mark.parametrize("end", [Drop(), Reset()])
@pytest.mark.parametrize(("at", "after_bytes"), [(At.BDAT, 0), (At.BODY, 1000)])
async def test_cut_before_the_last_bytes_is_certain(
    server_certificate: Certificate, tmp_path: Path, at: At, after_bytes: int, end: Drop | Reset
):
    """A connection that ends at a chunk has sent nothing; the next try is text, for what hangs up on BDAT always."""
    async with line(server_certificate, tmp_path, Script().on(at, end, after_bytes=after_bytes)) as one:
        sent = await _send(one)
        assert isinstance(sent.verdicts[OFFICE], Deferral)
        assert (sent.is_uncertain, sent.is_reusable) == (False, False)
        assert sent.binary_fault
        assert one.exchange.messages == []


@pytest.mark.parametrize("end", [Drop(), Reset(), Silence()])
async def test_cut_after_the_last_bytes_is_uncertain(
    server_certificate: Certificate,
    tmp_path: Path,
    end: Drop | Reset | Silence,
    monkeypatch: pytest.MonkeyPatch,
):
    """A host that has the whole message and hangs up or never answers may have taken it; the next try is text."""
    monkeypatch.setattr(session_module, "FINAL_TIMEOUT_S", 20.0 if not isinstance(end, Silence) else 1.0)
    async with line(server_certificate, tmp_path, Script().on(At.DOT, end)) as one:
        sent = await _send(one)
        assert isinstance(sent.verdicts[OFFICE], Deferral)
        assert (sent.is_uncertain, sent.is_reusable) == (True, False)
        assert sent.binary_fault


@pytest.mark.parametrize("reply", [b"503 5.5.1 what is BDAT\r\n", b"250 2.0.0 ok\r\n"])
async def test_a_reply_within_a_chunk_ends_the_session(server_certificate: Certificate, tmp_path: Path, reply: bytes):
    """A host that answers before it has the chunk may read the rest as commands: nothing more is sent to it."""
    held = asyncio.Event()
    async with line(server_certificate, tmp_path, Script().on(At.BODY, reply, Wait(held), after_bytes=10)) as one:
        one.narrow()
        sent = await _send(one)
        held.set()
        verdict = sent.verdicts[OFFICE]
        assert isinstance(verdict, Deferral)
        assert verdict.scope is Scope.MESSAGE
        assert (sent.is_uncertain, sent.is_reusable) == (False, False)
        assert sent.binary_fault == reply.decode().strip()
        assert one.exchange.messages == []


async def test_a_journal_that_fails_stops_before_the_end(server_certificate: Certificate, tmp_path: Path):
    """When the journal cannot note the sending, the last bytes are never sent: the host has nothing."""

    async def fails() -> None:
        raise OSError(28, "No space left on device")

    async with line(server_certificate, tmp_path) as one:
        with pytest.raises(OSError, match="No space"):
            await _send(one, before_dot=fails)
        await one.exchange.left_alone()
        assert one.exchange.messages == []


async def test_a_file_that_changes_is_a_fault_of_ours(
    server_certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A message that is shorter than it was a moment ago is not sent: an error of this box, and nothing is taken."""
    from gateway.deliver import binary

    def longer(*given: Any) -> binary.Plan:
        made = plan(*given)
        assert made is not None
        return replace(made, size_bytes=made.size_bytes + 1)

    plan = binary.plan
    monkeypatch.setattr(binary, "plan", longer)
    async with line(server_certificate, tmp_path) as one:
        with pytest.raises(OSError, match="changed"):
            await _send(one)
        await one.exchange.left_alone()
        assert one.exchange.messages == []


@pytest.mark.parametrize("chunk_bytes", [7, 1000])
async def test_small_chunks(
    server_certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk_bytes: int
):
    """Whatever the chunks' size, together they are the message."""
    monkeypatch.setattr(chunks, "CHUNK_BYTES", chunk_bytes)
    mail = composed(RICH, PDF[:100])
    async with line(server_certificate, tmp_path) as one:
        await one.send(content=mail, may_be_binary=True)
        assert leaves(one.exchange.messages[0].content) == leaves(mail)
