"""One message over one session: what the host hears, and what its answers mean for each recipient."""

import asyncio
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.deliver.transfer import stuffed
from gateway.spool.reply import Deferral, Receipt, Refusal, Scope
from tests.gateway.deliver.connected import line
from tests.gateway.deliver.given import MESSAGE, OFFICE, SENDER, addresses
from tests.peers import healthy
from tests.peers.certificates import Certificate
from tests.peers.script import At, Drop, Reset, Script

NASTY = st.lists(st.sampled_from([b".", b"\r\n", b"\n", b"\r", b"a", b"\r\n.\r\n", b"..", b""]), max_size=30).map(
    b"".join
)
ANY = NASTY | st.binary(max_size=200)


@given(ANY, st.lists(st.integers(0, 200), max_size=8))
@example(b"\r\n.\r\n", [1, 2, 3, 4])
@example(b".", [])
def test_dots_are_doubled_however_the_bytes_are_cut(content: bytes, cuts: list[int]):
    """Undoing the dots gives the message back byte for byte, whatever its blocks were, and nothing ends it early."""
    edges = [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    wire = b"".join(stuffed(content[a:b] for a, b in pairwise(edges)))
    assert wire == b"".join(stuffed(iter([content])))
    assert b"\r\n.\r\n" not in b"\r\n" + wire
    assert wire == b"" or wire.endswith(b"\r\n")
    whole = content if content.endswith(b"\r\n") or not content else content + b"\r\n"
    assert healthy.unstuffed(wire) == whole


def test_nothing_is_read_ahead():
    """The blocks are asked for one by one: a message of any size needs the memory of one block."""
    asked = 0

    def blocks() -> Iterator[bytes]:
        nonlocal asked
        for _ in range(5):
            asked += 1
            yield b"x\r\n"

    parts = stuffed(blocks())
    next(parts)
    assert asked == 1


async def test_the_host_gets_the_file_byte_for_byte(server_certificate: Certificate, tmp_path: Path):
    """What the host stores is the file, dots and all; MAIL announces its size, and the dot comes after the journal."""
    content = MESSAGE + b".\r\n..\r\n" * 9000 + b"." * 70_000 + b"\r\n"
    async with line(server_certificate, tmp_path) as one:
        heard: list[int] = []

        async def before_dot() -> None:
            heard.append(len(one.exchange.messages))

        sent = await one.send(content=content, before_dot=before_dot)
        (message,) = one.exchange.messages
        assert message.content == content
        assert (message.sender, message.recipients) == (SENDER, (OFFICE,))
        assert heard == [0]
        assert sent.verdicts == {OFFICE: Receipt(str(healthy.queued(1), "ascii").strip())}
        assert (sent.is_uncertain, sent.is_reusable) == (False, True)
        mail = next(c for c in one.exchange.seen.commands if c.verb == "MAIL")
        assert mail.line == f"MAIL FROM:<{SENDER}> SIZE={len(content)}".encode()
        assert mail.is_tls


async def test_a_session_carries_many_messages(server_certificate: Certificate, tmp_path: Path):
    """One session sends one message after the other, each whole."""
    async with line(server_certificate, tmp_path) as one:
        for number in range(3):
            assert (await one.send(content=b"Subject: %d\r\n\r\n.\r\n" % number)).is_reusable
        assert [m.content for m in one.exchange.messages] == [b"Subject: %d\r\n\r\n.\r\n" % n for n in range(3)]
        assert one.exchange.seen.connections == 1


async def test_size_is_caught_before_upload(server_certificate: Certificate, tmp_path: Path):
    """Row 25: A message over the host's SIZE is refused by ourselves, naming both sizes, and nothing of it is sent."""
    async with line(server_certificate, tmp_path, features=("SIZE 100", "STARTTLS")) as one:
        sent = await one.send()
        assert sent.verdicts == {
            OFFICE: Refusal(
                f"localhost takes messages up to 100 bytes, this one has {len(MESSAGE)}",
                Scope.MESSAGE,
                "Scan with a lower resolution or fewer pages.",
            )
        }
        assert sent.is_reusable
        assert one.exchange.seen.count("MAIL") == 0


async def test_a_host_without_size_is_told_none(server_certificate: Certificate, tmp_path: Path):
    """SIZE= is said only to a host that offers it."""
    async with line(server_certificate, tmp_path, features=("STARTTLS",)) as one:
        await one.send()
        assert next(c.line for c in one.exchange.seen.commands if c.verb == "MAIL") == f"MAIL FROM:<{SENDER}>".encode()


A, B, C = addresses("a@contoso.com", "b@contoso.com", "c@contoso.com")


async def test_each_recipient_has_its_own_verdict(server_certificate: Certificate, tmp_path: Path):
    """Of three, one is refused, one is put off and one gets the mail: three verdicts, one transfer."""
    script = (
        Script()
        .on(At.RCPT, b"550 5.1.10 RESOLVER.ADR.RecipientNotFound\r\n", nth=1)
        .on(At.RCPT, b"452 4.5.3 Too many recipients\r\n", nth=3)
    )
    async with line(server_certificate, tmp_path, script) as one:
        sent = await one.send(A, B, C)
        assert isinstance(sent.verdicts[A], Refusal)
        assert isinstance(sent.verdicts[B], Receipt)
        assert sent.verdicts[C] == Deferral("452 4.5.3 Too many recipients", Scope.RECIPIENT)
        assert one.exchange.messages[0].recipients == (B,)
        assert sent.is_reusable


async def test_nobody_taken_nothing_uploaded(server_certificate: Certificate, tmp_path: Path):
    """When every recipient is refused there is no DATA, and the session is reset for the next message."""
    script = Script().on(At.RCPT, b"550 5.1.1 no\r\n", nth=1).on(At.RCPT, b"550 5.1.1 no\r\n", nth=2)
    async with line(server_certificate, tmp_path, script) as one:
        sent = await one.send(A, B)
        assert all(isinstance(verdict, Refusal) for verdict in sent.verdicts.values())
        assert sent.is_reusable
        assert one.exchange.seen.verbs()[-1] == "RSET"
        assert one.exchange.seen.count("DATA") == 0
        assert isinstance((await one.send(C)).verdicts[C], Receipt)


@pytest.mark.parametrize(("at", "end"), [(At.MAIL, Drop()), (At.RCPT, Reset()), (At.DATA, Drop())])
async def test_a_verdict_outlives_the_connection(
    server_certificate: Certificate, tmp_path: Path, at: At, end: Drop | Reset
):
    """A host that refuses and then hangs up has refused: its words are kept, and the session is not used again."""
    script = Script().on(at, b"554 5.7.999 our policy\r\n").on(At.RSET, end)
    async with line(server_certificate, tmp_path, script) as one:
        sent = await one.send()
        assert sent.verdicts[OFFICE].said == "554 5.7.999 our policy"
        assert not sent.is_reusable


async def test_a_fault_of_the_route_at_rcpt_ends_it(server_certificate: Certificate, tmp_path: Path):
    """A block of the box's address, said at the first RCPT, concerns every recipient, and no more are named."""
    reply = b"550 5.7.606 Access denied, banned sending IP [203.0.113.7]\r\n"
    async with line(server_certificate, tmp_path, Script().on(At.RCPT, reply)) as one:
        sent = await one.send(A, B)
        assert {v.scope for v in sent.verdicts.values() if isinstance(v, Deferral)} == {Scope.ROUTE}
        assert set(sent.verdicts) == {A, B}
        assert one.exchange.seen.count("RCPT") == 1


@pytest.mark.parametrize(
    ("at", "reply", "kind", "scope"),
    [
        (At.MAIL, b"432 4.3.2 Concurrent connections limit exceeded\r\n", Deferral, Scope.ROUTE),
        (At.MAIL, b"552 5.3.4 Message size exceeds fixed maximum message size\r\n", Refusal, Scope.MESSAGE),
        (At.DATA, b"451 4.7.0 Temporary server error\r\n", Deferral, Scope.MESSAGE),
        (At.DOT, b"554 5.2.252 SendAsDenied; no\r\n", Deferral, Scope.ROUTE),
        (At.DOT, b"554-5.2.270 too\r\n554 5.2.270 large\r\n", Refusal, Scope.MESSAGE),
        (At.DOT, b"451 4.3.2 later\r\n", Deferral, Scope.MESSAGE),
    ],
)
async def test_a_reply_to_the_message_is_everybodys(
    server_certificate: Certificate, tmp_path: Path, at: At, reply: bytes, kind: type[object], scope: Scope
):
    """What is said of the message, at any step of it, is the verdict of each recipient; the outcome is certain."""
    async with line(server_certificate, tmp_path, Script().on(at, reply)) as one:
        sent = await one.send(A, B)
        for verdict in (sent.verdicts[A], sent.verdicts[B]):
            assert isinstance(verdict, kind)
            assert not isinstance(verdict, Receipt)
            assert verdict.scope is scope
        assert not sent.is_uncertain


async def test_421_ends_the_session(server_certificate: Certificate, tmp_path: Path):
    """After 421 the session is not used again, whatever step it answers."""
    for at in (At.MAIL, At.RCPT, At.DATA, At.DOT):
        async with line(server_certificate, tmp_path, Script().on(at, b"421 4.3.2 closing\r\n")) as one:
            sent = await one.send()
            assert sent.verdicts[OFFICE] == Deferral("421 4.3.2 closing", Scope.ROUTE)
            assert (sent.is_reusable, sent.is_uncertain) == (False, False)


async def test_a_journal_that_fails_stops_before_the_dot(server_certificate: Certificate, tmp_path: Path):
    """When the journal cannot note the sending, the dot is never said: the host has nothing, and the error is ours."""

    async def fails() -> None:
        raise OSError(28, "No space left on device")

    async with line(server_certificate, tmp_path) as one:
        with pytest.raises(OSError, match="No space"):
            await one.send(before_dot=fails)
        assert not one.session.is_open
        await one.exchange.left_alone()
        assert one.exchange.messages == []


async def test_a_file_that_cannot_be_read_sends_nothing(server_certificate: Certificate, tmp_path: Path):
    """A message that is gone is a fault of our own disk."""
    async with line(server_certificate, tmp_path) as one:
        one.message.unlink()
        with pytest.raises(FileNotFoundError):
            await one.send()
        assert one.exchange.seen.count("MAIL") == 0


async def test_cancelled_in_the_body_sends_nothing(server_certificate: Certificate, tmp_path: Path):
    """A transfer that is cancelled before the dot leaves the host without a message."""
    reached = asyncio.Event()

    async def never() -> None:
        reached.set()
        await asyncio.Event().wait()

    async with line(server_certificate, tmp_path) as one:
        sending = asyncio.create_task(one.send(before_dot=never))
        await reached.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await one.exchange.left_alone()
        assert one.exchange.messages == []
