import ssl

from conf.hidden import SecretStr
from tests.gateway.arrive.doorway import DEADLINE_S, MAIL, listening, stored, talk
from tests.gateway.arrive.saying import PLAIN, mail_steps, say_all, trusting
from tests.peers.loopback import until
from tests.peers.scanner import Device


async def test_case_36_what_stands_behind_starttls_in_the_clear_is_dropped(box):
    """Case 36: commands smuggled behind STARTTLS are never obeyed, and nothing said before it is known after it."""
    config = {"tls": "starttls", "login": "required", "user": "printer1", "password": SecretStr("Abc123")}

    def words(device: Device) -> list[bytes]:
        say_all(device, (b"EHLO x", b"250"), (b"AUTH PLAIN " + PLAIN, b"235"), (b"MAIL FROM:<evil@x.example>", b"250"))
        device.say(b"STARTTLS\r\nMAIL FROM:<evil@x.example>\r\nRCPT TO:<office@contoso.com>\r\nDATA\r\n")
        assert device.hear().startswith(b"220")
        device.start_tls(trusting())
        return say_all(
            device,
            (b"RCPT TO:<office@contoso.com>", b"503 5.5.1"),
            (b"DATA", b"503 5.5.1"),
            (b"MAIL FROM:<>", b"530 5.7.0"),
            (b"STARTTLS", b"503 5.5.1"),
            (b"AUTH PLAIN " + PLAIN, b"235"),
            *mail_steps(),
        )

    async with listening(box, **config) as listener:
        await talk(listener, words)
    assert stored(box) == [MAIL]


async def test_case_36_much_behind_starttls_ends_the_session(box):
    """Case 36: more behind STARTTLS than a reader holds is never obeyed either: it is no TLS, and an end."""

    def words(device: Device) -> bytes:
        device.say(b"STARTTLS\r\n" + b"RCPT TO:<office@contoso.com>\r\n" * 10_000)
        heard = device.hear()
        while reply := device.hear():
            heard += reply
        return heard

    async with listening(box, tls="starttls") as listener:
        heard = await talk(listener, words)
        await until(lambda: not listener.sessions, DEADLINE_S, "the session forgotten")
    assert heard.startswith(b"220 2.0.0 Begin TLS\r\n")
    assert b"250" not in heard
    assert b"503" not in heard


def start_tls_and_say(device: Device, at_once: bytes, then: bytes) -> bytes:
    """Do the handshake, send words with its last flight, and others when a reply came; all that was heard."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = trusting().wrap_bio(incoming, outgoing)
    to_say, heard, has_more = [at_once, then], b"", True
    while has_more:
        try:
            if len(to_say) == 2:
                tls.do_handshake()
                tls.write(to_say.pop(0))
            received = tls.read()
            has_more, heard = bool(received), heard + received
            if to_say:
                tls.write(to_say.pop())
        except ssl.SSLWantReadError:
            device.say(outgoing.read())
            received = device._line.recv(1 << 16)
            has_more = bool(received)
            incoming.write(received)
    return heard


async def test_case_36_much_right_behind_the_handshake_is_answered(box):
    """Case 36: what comes with the last of the handshake, however much, is answered, and so is what comes later."""

    def words(device: Device) -> bytes:
        say_all(device, (b"EHLO x", b"250"), (b"STARTTLS", b"220"))
        return start_tls_and_say(device, b"NOOP " + b"x" * 15_000 + b"\r\n", b"NOOP\r\nQUIT\r\n")

    async with listening(box, tls="starttls") as listener:
        heard = await talk(listener, words)
        await until(lambda: not listener.sessions, DEADLINE_S, "the session forgotten")
    assert [line[:3] for line in heard.splitlines()] == [b"500", b"250", b"221"]
