"""An old multifunction device: it writes scans slowly into a folder, and speaks SMTP as its firmware always has."""

import socket
import ssl
import struct
import time
import types
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from tests.peers.loopback import ADDRESS

REPLY_S: Final = 10.0
WHOLE: Final = 1 << 30


class FolderWriter:
    """One scan being written into a folder, piece by piece, when the test says; made empty by construction."""

    def __init__(self, path: Path, scan: bytes, *, is_append: bool = False):
        """Open the file, truncating it unless it is appended to."""
        self.path = path
        self._left = memoryview(scan)
        self._file = path.open("ab" if is_append else "wb", buffering=0)

    def __enter__(self) -> Self:
        """The open file."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        """Close it as it is."""
        self._file.close()

    def write(self, size_bytes: int = WHOLE) -> int:
        """Write the next piece, or all that is left; returns how many bytes are still left."""
        written = self._file.write(self._left[:size_bytes])
        self._left = self._left[written:]
        return len(self._left)

    def close(self) -> None:
        """Close the file, whole or not: to the folder a device that is switched off looks just the same."""
        self._file.close()


class Device:
    """One SMTP connection, byte for byte as the test says; blocking, so use it from a thread beside an event loop."""

    def __init__(self, port: int, host: str = ADDRESS, timeout_s: float = REPLY_S, source: str = ""):
        """Connect, from the address ``source`` if there is one; nothing is read or said yet."""
        self._line: socket.socket = socket.create_connection((host, port), timeout_s, (source, 0) if source else None)
        self._line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._heard = b""

    def __enter__(self) -> Self:
        """The connected device."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        """Hang up."""
        self.hang_up()

    def wait_at_most(self, timeout_s: float) -> None:
        """Have this much patience from now on, for each reply and each write."""
        self._line.settimeout(timeout_s)

    def say(self, words: bytes) -> None:
        """Send exactly these bytes at once.

        Raises:
            TimeoutError: the server has stopped taking them.
        """
        self._line.sendall(words)

    def trickle(self, words: bytes, piece_bytes: int = 1, gap_s: float = 0.0) -> None:
        """Send the bytes in pieces, one segment each, with a gap between them."""
        for start in range(0, len(words), piece_bytes):
            self._line.sendall(words[start : start + piece_bytes])
            if gap_s > 0:
                time.sleep(gap_s)

    def hear(self) -> bytes:
        """The next whole reply, all its lines; what there is of it when the server hangs up, and nothing after that.

        Raises:
            TimeoutError: no whole reply in time.
        """
        reply = b""
        while True:
            line = self._hear_line()
            reply += line
            if not line.endswith(b"\n") or line[3:4] != b"-":
                return reply

    def ask(self, words: bytes) -> bytes:
        """Send the bytes and return the reply to them."""
        self.say(words)
        return self.hear()

    def start_tls(self, context: ssl.SSLContext, host: str = "localhost") -> None:
        """Do the client's side of the handshake.

        Raises:
            ssl.SSLError: it failed.
        """
        self._line = context.wrap_socket(self._line, server_hostname=host)

    def half_close(self) -> None:
        """Say that nothing more will be sent (FIN), and stay to listen."""
        self._line.shutdown(socket.SHUT_WR)

    def hang_up(self) -> None:
        """Close the connection."""
        self._line.close()

    def reset(self) -> None:
        """End the connection with a TCP reset, as a device that is switched off and on again."""
        self._line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._line.close()

    def _hear_line(self) -> bytes:
        while b"\n" not in self._heard:
            try:
                received = self._line.recv(4096)
            except ConnectionResetError:
                received = b""
            if not received:
                rest, self._heard = self._heard, b""
                return rest
            self._heard += received
        line, end, self._heard = self._heard.partition(b"\n")
        return line + end


@dataclass(frozen=True, slots=True)
class Expect:
    """In a dialogue: the next reply must begin with these bytes."""

    start: bytes


def dialogue(
    port: int, steps: Iterable[bytes | Expect], host: str = ADDRESS, timeout_s: float = REPLY_S
) -> list[bytes]:
    """Play a dialogue from the greeting on: bytes are sent as they are, an Expect reads one reply.

    Returns:
        The replies, one for each Expect.

    Raises:
        AssertionError: a reply begins otherwise; the text shows all of them.
        TimeoutError: a reply did not come.
    """
    replies: list[bytes] = []
    with Device(port, host, timeout_s) as device:
        for step in steps:
            if isinstance(step, bytes):
                device.say(step)
                continue
            replies.append(device.hear())
            assert replies[-1].startswith(step.start), f"expected {step.start!r}, the replies are {replies}"
    return replies


@dataclass(frozen=True, slots=True)
class Firmware:
    """What is peculiar about a device's mailer.

    Attributes:
        greeting: its whole first command; HELO alone, as before ESMTP.
        is_lower_case: `mail from:` in place of `MAIL FROM:`.
        has_bare_paths: addresses without angle brackets.
        piece_bytes: how much of the message goes out at once.
        gap_s: how long it pauses between the pieces: it scans while it sends.
        hangs_up_after_dot: it closes the connection right behind the final dot and shows "sent".
        line_end: what it ends the lines of the message with; commands always end in CRLF.
    """

    greeting: bytes = b"HELO printer"
    is_lower_case: bool = False
    has_bare_paths: bool = False
    piece_bytes: int = 1460
    gap_s: float = 0.0
    hangs_up_after_dot: bool = False
    line_end: bytes = b"\r\n"


def send_mail(
    port: int, recipients: Sequence[str], lines: Sequence[bytes], firmware: Firmware, sender: str = "printer@local"
) -> list[bytes]:
    """Send one mail as old firmware does: one command at a time, no TLS, no login, dots doubled.

    Returns:
        Every reply, from the greeting on: to HELO, MAIL, each RCPT, DATA, the final dot and QUIT. It stops at the
        first that is not 2xx or 3xx, and after the dot's place when the firmware hangs up there.
    """
    left, right = ("", "") if firmware.has_bare_paths else ("<", ">")
    commands = [firmware.greeting, f"MAIL FROM:{left}{sender}{right}".encode()]
    commands += [f"RCPT TO:{left}{one}{right}".encode() for one in recipients]
    commands += [b"DATA"]
    with Device(port) as device:
        replies = [device.hear()]
        for command in commands:
            if replies[-1][:1] not in {b"2", b"3"}:
                return replies
            replies.append(device.ask((_lowered(command) if firmware.is_lower_case else command) + b"\r\n"))
        if not replies[-1].startswith(b"354"):
            return replies
        stuffed = (b"." + line if line.startswith(b".") else line for line in lines)
        device.trickle(b"".join(line + firmware.line_end for line in stuffed), firmware.piece_bytes, firmware.gap_s)
        device.say(b".\r\n")
        if not firmware.hangs_up_after_dot:
            replies.append(device.hear())
            replies.append(device.ask(b"quit\r\n" if firmware.is_lower_case else b"QUIT\r\n"))
        return replies


def _lowered(command: bytes) -> bytes:
    verb, colon, rest = command.partition(b":")
    return verb.lower() + colon + rest
