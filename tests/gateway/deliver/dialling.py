"""Dial by the system's own resolver, whatever it is told; prints one line for each. Run apart, by its test."""

import asyncio
import socket
import sys

from conf.upstreams import Family
from gateway.deliver.dial import UnreachableError, dial
from tests.peers.name_server import NXDOMAIN, SERVFAIL, Answer, answering


async def _dial(host: str, family: Family) -> str:
    try:
        with await dial(host, 2525, family, 10) as reached:
            return str(reached.getpeername()[0])
    except UnreachableError as error:
        return str(error)


async def _all(answers: dict[str, Answer]) -> list[str]:
    families: tuple[Family, ...] = ("any", "ipv4", "ipv6")
    lines = [f"lopsided.example {family} {await _dial('lopsided.example', family)}" for family in families]
    lost = ("unknown.example", "failing.example", "silent.example")
    lines += [f"{host} any {await _dial(host, 'any')}" for host in lost]
    for address in ("127.0.0.2", "127.0.0.3"):
        answers["moving.example"] = address
        lines.append(f"moving.example ipv4 {await _dial('moving.example', 'ipv4')}")
    return lines


def main() -> None:
    """All of it."""
    answers: dict[str, Answer] = {"unknown.example": NXDOMAIN, "failing.example": SERVFAIL, "silent.example": None}
    with answering(answers), socket.create_server(("0.0.0.0", 2525)):
        sys.stdout.write("\n".join(asyncio.run(_all(answers))))


if __name__ == "__main__":
    main()
