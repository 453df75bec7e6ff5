"""A name server that answers as it is told, and a place of its own where the system's resolver asks nobody else.

``python -m tests.peers.name_server MODULE`` runs a module in new network and mount namespaces, with a resolver that
knows the hosts file and the name server at 127.0.0.1 only. Needs root and util-linux.
"""

import contextlib
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

SERVFAIL: Final = 2  # RFC 1035 section 4.1.1
NXDOMAIN: Final = 3
_HEADER_BYTES: Final = 12
_A: Final = 1
HOSTS: Final = "127.0.0.1 localhost\n::1 lopsided.example\n127.0.0.1 lopsided.example\n"
RESOLVER: Final = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"

Answer = str | int | None
"""An IPv4 address, a code of RFC 1035, or None for silence."""


@contextlib.contextmanager
def answering(answers: dict[str, Answer]) -> Iterator[None]:
    """Answer for these names at 127.0.0.1:53 as the table says at the moment; there is no IPv6 address of any."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 53))
        threading.Thread(target=_serve, args=(server, answers), daemon=True).start()
        yield


def _serve(server: socket.socket, answers: dict[str, Answer]) -> None:
    while True:
        query, client = server.recvfrom(512)
        labels, at = [], _HEADER_BYTES
        while length := query[at]:
            labels.append(query[at + 1 : at + 1 + length].decode("ascii"))
            at += 1 + length
        (kind,) = struct.unpack_from("!H", query, at + 1)
        answer = answers.get(".".join(labels).lower(), NXDOMAIN)
        if answer is not None:
            server.sendto(_reply(query[: at + 5], kind, answer), client)


def _reply(question: bytes, kind: int, answer: str | int) -> bytes:
    code = answer if isinstance(answer, int) else 0
    record = b""
    if isinstance(answer, str) and kind == _A:
        record = struct.pack("!HHHIH", 0xC00C, _A, 1, 0, 4) + socket.inet_aton(answer)
    header = question[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, bool(record), 0, 0)
    return header + question[_HEADER_BYTES:] + record


def run_apart(module: str) -> str:
    """Run a module of the tests with that resolver; return what it prints."""
    command = ["unshare", "--net", "--mount", "--fork", sys.executable, "-m", __name__, module]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    return done.stdout


def _enter(module: str) -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("hosts", HOSTS), ("resolv.conf", RESOLVER), ("nsswitch.conf", "hosts: files dns\n")):
            written = Path(folder) / name
            written.write_text(text, encoding="ascii")
            place = Path("/etc") / name
            if place.exists():
                subprocess.run(["mount", "--bind", written, place.resolve()], check=True)
        subprocess.run([sys.executable, "-m", module], check=True)


if __name__ == "__main__":
    _enter(sys.argv[1])
