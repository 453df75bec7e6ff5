"""How a message gets to the disk beside others, and while the disk is slow."""

import asyncio
import threading
from collections.abc import Sequence
from functools import partial
from random import Random

import pytest

from gateway.arrive.arriving import HELD_BYTES
from gateway.spool import durable, files
from tests.gateway.arrive.doorway import DEADLINE_S, MAIL, begin, listening, port_of, send, stored, talk
from tests.peers.loopback import until
from tests.peers.scanner import Device


async def test_mails_that_end_together_are_committed_together(box, monkeypatch, gate):
    """While one mail is being committed three more end: each is heard 250 for its own, from one commit of all three."""
    batches: list[int] = []
    real = files.commit_all

    def commit_all(spool: files.Spool, finished: Sequence[files.Finished]) -> list[Exception | None]:
        batches.append(len(finished))
        if len(batches) == 1:
            gate.pass_through()
        return real(spool, finished)

    monkeypatch.setattr(files, "commit_all", commit_all)
    texts = [MAIL + b"%d\r\n" % number for number in range(3)]
    async with listening(box) as listener:
        first = asyncio.create_task(talk(listener, send))
        await until(gate.reached.is_set, DEADLINE_S, "the first commit begun")
        others = [asyncio.create_task(talk(listener, partial(send, message=text))) for text in texts]
        await until(lambda: listener.keeper.waiting == 3, DEADLINE_S, "the others wait")
        gate.opened.set()
        replies = await asyncio.gather(first, *others)
    assert batches == [1, 3]
    assert all(reply.startswith(b"250 2.0.0 Ok: taken as ") for reply in replies)
    assert len(set(replies)) == 4
    assert sorted(stored(box)) == sorted([MAIL, *texts])


async def test_a_disk_that_stalls_holds_up_nobody_else(box, monkeypatch, gate):
    """While the disk does not take a block of a large message, other devices are answered, and it is stored whole."""
    real = durable.write_all

    def write_all(fd: int, data: bytes) -> int:
        gate.pass_through()
        return real(fd, data)

    monkeypatch.setattr(durable, "write_all", write_all)
    large = MAIL * (3 * HELD_BYTES // len(MAIL))

    def words(device: Device) -> bytes:
        begin(device)
        sending = threading.Thread(target=device.say, args=(large + b".\r\n",))
        sending.start()
        assert gate.reached.wait(DEADLINE_S)
        with Device(port_of(listener)) as other:
            assert other.hear().startswith(b"220")
            assert other.ask(b"NOOP\r\n").startswith(b"250")
        gate.opened.set()
        sending.join()
        return device.hear()

    async with listening(box) as listener:
        assert (await talk(listener, words)).startswith(b"250")
    assert stored(box) == [large]


async def test_a_device_that_goes_while_a_block_is_written_leaves_nothing(box, monkeypatch, gate):
    """A large message cut off in the midst of a write leaves no draft, and its file is not closed under the write."""
    real = durable.write_all

    def write_all(fd: int, data: bytes) -> int:
        gate.pass_through()
        return real(fd, data)

    monkeypatch.setattr(durable, "write_all", write_all)

    def words(device: Device) -> None:
        begin(device)
        device.say(MAIL * (HELD_BYTES // len(MAIL) + 1))
        assert gate.reached.wait(DEADLINE_S)
        device.hang_up()

    async with listening(box) as listener:
        await talk(listener, words)
        await until(lambda: not listener.sessions, DEADLINE_S, "the session forgotten")
        gate.opened.set()
        await until(lambda: not list(box.spool.incoming.iterdir()), DEADLINE_S, "the draft removed")
    assert stored(box) == []


LINES = {
    "20,000 bytes": b"A" * 20_000,
    "5 MB": b"B" * 5_000_000,
    "NULs": b"\0" * 300 + b"a\0b",
    "8 bit": bytes(range(128, 256)) + "Prüfung 検査".encode("shift_jis", "replace"),
    "every byte": bytes(byte for byte in range(256) if byte not in b"\r\n"),
    "bare CR and LF": b"one\rtwo\nthree\r\rfour\n\n.\nfive\n.\rsix",
}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
@pytest.mark.parametrize("header", [b"", b"Subject: "])
async def test_any_line_is_stored_byte_for_byte(box, line, header):
    """Case 34: a line of any length and any bytes, in the header or the text, is stored as it came."""
    message = header + line + b"\r\n\r\n" + line + b"\r\n"

    async with listening(box) as listener:
        assert (await talk(listener, lambda device: send(device, message))).startswith(b"250")
    assert stored(box) == [message]


@pytest.mark.parametrize("size_bytes", [HELD_BYTES - 1, HELD_BYTES, HELD_BYTES + 1, 3 * HELD_BYTES + 7, 20_000_000])
async def test_a_message_around_the_sizes_where_its_way_changes(box, size_bytes):
    """Held or written block by block, in pieces of any size and with dots at their edges: stored byte for byte."""
    chance = Random(size_bytes)
    text = chance.randbytes(size_bytes // 4).replace(b"\r", b"x").replace(b"\n", b"y")
    lines = [text[at : at + 76] if at % 5 else b"." + text[at : at + 75] for at in range(0, len(text), 76)]
    lines *= -(-size_bytes // sum(len(line) + 2 for line in lines))

    def words(device: Device) -> bytes:
        begin(device)
        sent = b"".join(b"." * line.startswith(b".") + line + b"\r\n" for line in lines) + b".\r\n"
        at = 0
        while at < len(sent):
            piece_bytes = chance.choice((1, 5, 1460, 70_000, 400_000))
            device.say(sent[at : at + piece_bytes])
            at += piece_bytes
        return device.hear()

    async with listening(box) as listener:
        assert (await talk(listener, words)).startswith(b"250")
    assert stored(box) == [b"".join(line + b"\r\n" for line in lines)]
