import random
from contextlib import suppress

from structlog.testing import capture_logs

from tests.gateway.arrive.doorway import DEADLINE_S, MAIL, listening, send, stored, talk
from tests.gateway.arrive.saying import PASSWORD, PLAIN, USER
from tests.peers.loopback import until
from tests.peers.scanner import Device

SESSIONS = 150
WORDS = [
    b"HELO", b"EHLO", b"MAIL", b"FROM:", b"RCPT", b"TO:", b"DATA", b"RSET", b"NOOP", b"QUIT", b"AUTH", b"LOGIN",
    b"PLAIN", b"CRAM-MD5", b"STARTTLS", b"VRFY", b"HELP", b"BDAT", b"<a@contoso.com>", b"<>", b"<", b">", b'"', b"@",
    b"SIZE=5", b"SIZE=", b"AUTH=<>", b"%s", b"${jndi}", b"*", b"=", b".", b"..", USER, PASSWORD, PLAIN, b"\0",
    b"\xff\xfe",
    b"\x1b[2J", b"\t", b"x" * 1200, b"\r",
]  # fmt: skip
ENDS = [b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r\n\r\n", b" ", b""]


def babble(device: Device, chance: random.Random) -> None:
    """Say up to thirty odd lines in as many packets, and go one way or another."""
    for _ in range(chance.randrange(30)):
        line = b" ".join(chance.choices(WORDS, k=chance.randrange(5))) + chance.choice(ENDS)
        try:
            device.say(line)
        except ConnectionError:
            return
    with suppress(OSError):  # the listener may have ended the session before
        chance.choice([device.hang_up, device.reset, device.half_close])()


async def test_no_babble_is_too_odd(box):
    """150 sessions of commands at random: no fault of ours is logged, and the next scan is taken."""
    chance = random.Random(20261125)
    with capture_logs() as logged:
        async with listening(box, login="any", pause=0.0, client_messages=100_000) as listener:
            for _ in range(SESSIONS):
                await talk(listener, lambda device: babble(device, chance))
                await until(lambda: not listener.sessions, DEADLINE_S, "the session forgotten")
            taken = len(stored(box))
            assert (await talk(listener, send)).startswith(b"250")
    assert [line for line in logged if line["event"] == "local-fault"] == []
    assert len(stored(box)) == taken + 1
    assert MAIL in stored(box)
