import pytest
from structlog.testing import capture_logs

from gateway.spool import files
from tests.gateway.arrive.doorway import DEADLINE_S, MAIL, listening, send, stored, talk
from tests.gateway.arrive.saying import mail_steps, say_all
from tests.peers.loopback import until
from tests.peers.scanner import Device


@pytest.mark.parametrize(
    "greeting",
    [
        b"HELO",
        b"EHLO",
        b"HELO (null)",
        b"HELO my old printer",
        b"EHLO " + b"x" * 300,
        b"EHLO [IPv6:2001:db8::1]",
        b"HELO B\xfcro-Drucker",
        b"EHLO \x83\x58\x83\x4c\x83\x83\x83\x93",
        b"HELO printer\0",
        b"  ehlo\tprinter",
        b"HELO _printer_!",
    ],
)
async def test_any_greeting_leads_to_a_mail(box, greeting):
    """Case 39: whatever a device calls itself, in whatever alphabet, or nothing at all, its scan is taken."""
    async with listening(box) as listener:
        await talk(listener, lambda device: say_all(device, (greeting, b"250"), *mail_steps()))
    assert stored(box) == [MAIL]


async def test_no_greeting_is_missed(box):
    """A device that does not greet at all is served."""
    async with listening(box) as listener:
        await talk(listener, lambda device: say_all(device, *mail_steps()))
    assert stored(box) == [MAIL]


@pytest.mark.parametrize(
    ("words", "sender"),
    [
        (b"MAIL FROM:<a@b.example>", "a@b.example"),
        (b"MAIL FROM: <a@b.example>", "a@b.example"),
        (b"mail from:a@b.example", "a@b.example"),
        (b"MAIL FROM:Scanner <a@b.example>", "a@b.example"),
        (b'MAIL FROM:"Scanner, 2nd floor" <a@b.example>', "a@b.example"),
        (b"MAIL FROM:<@relay.example:a@b.example>", "a@b.example"),
        (b"MAIL FROM:<>", None),
        (b"MAIL FROM:", None),
        (b"MAIL FROM:<printer>", None),
        (b"MAIL FROM:<B\xfcro@b.example>", None),
        (b"MAIL FROM:<a@b.example> AUTH=<> RET=HDRS ENVID=QQ314159 BODY=BINARYMIME SMTPUTF8", "a@b.example"),
        (b"MAIL FROM:<a@b.example> SIZE=12 X-ODD BODY=8BITMIME", "a@b.example"),
        (b"MAIL FROM:<a@b.example> SIZE=lots", "a@b.example"),
    ],
)
async def test_any_sender_is_taken(box, words, sender):
    """Case 40: names, spaces, no brackets, routes, the null path, parameters nobody offered: the mail is taken."""
    async with listening(box) as listener:
        await talk(
            listener, lambda device: say_all(device, (b"HELO x", b"250"), (words, b"250 2.1.0"), *mail_steps()[1:])
        )
    (job,) = box.journal.jobs()
    assert files.read_envelope(box.spool.jobs / job.id).sender == sender


@pytest.mark.parametrize(
    "words",
    [
        b"RCPT TO:<office@contoso.com> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;office@contoso.com",
        b"RCPT TO: <office@contoso.com>",
        b"rcpt to:office@contoso.com",
        b'RCPT TO:"The office" <office@contoso.com>',
        b"RCPT TO:<@relay.example:office@contoso.com>",
    ],
)
async def test_any_recipient_is_understood(box, words):
    """Case 40: however a recipient is written, it is the one that gets the scan."""
    async with listening(box) as listener:
        await talk(
            listener,
            lambda device: say_all(device, (b"MAIL FROM:<>", b"250"), (words, b"250 2.1.5"), *mail_steps()[2:]),
        )
    (job,) = box.journal.jobs()
    assert job.pending == ("office@contoso.com",)


async def test_recipients_that_would_be_lost_are_refused(box):
    """Case 40: two in one command, 8-bit and forbidden ones are refused one by one; the mail goes to the others."""
    steps = [
        (b"MAIL FROM:<>", b"250"),
        (b"RCPT TO:<a@contoso.com>,<b@contoso.com>", b"501 5.5.4"),
        (b"RCPT TO:<\xfc@contoso.com>", b"553 5.1.3"),
        (b"RCPT TO:<a@elsewhere.example>", b"550 5.7.1"),
        (b"RCPT TO:", b"553 5.1.3"),
        (b"RCPT a@contoso.com", b"501 5.5.4"),
        *mail_steps()[1:],
    ]
    async with listening(box) as listener:
        await talk(listener, lambda device: say_all(device, *steps))
    (job,) = box.journal.jobs()
    assert job.pending == ("office@contoso.com",)


async def test_150_recipients_of_one_mail_are_100_and_the_rest_later(box):
    """Case 40: the first 100 are taken, each further one is told to come in another mail."""
    steps = [(b"RCPT TO:<p%d@contoso.com>" % number, b"250 2.1.5") for number in range(100)]
    steps += [(b"RCPT TO:<p%d@contoso.com>" % number, b"452 4.5.3") for number in range(100, 150)]
    async with listening(box) as listener:
        await talk(listener, lambda device: say_all(device, (b"MAIL FROM:<>", b"250"), *steps, *mail_steps()[2:]))
    (job,) = box.journal.jobs()
    assert len(job.pending) == 100


async def test_every_command_has_an_answer(box):
    """Arguments where none belong, commands out of order, odd ones: each gets one reply with a code, none ends us."""
    steps = [
        (b"NOOP", b"250 2.0.0"),
        (b"NOOP are you there?", b"250 2.0.0"),
        (b"RSET now", b"250 2.0.0"),
        (b"HELP", b"214 2.0.0"),
        (b"HELP MAIL", b"214 2.0.0"),
        (b"VRFY office", b"252 2.1.5"),
        (b"EXPN staff", b"502 5.5.1"),
        (b"RCPT TO:<office@contoso.com>", b"503 5.5.1"),
        (b"DATA", b"503 5.5.1"),
        (b"MAIL TO:<a@b.example>", b"501 5.5.4"),
        (b"STARTTLS", b"454 4.7.0"),
        (b"AUTH LOGIN", b"503 5.5.1"),
        (b"BDAT 3 LAST", b"500 5.5.2"),
        (b"\xff\xfe\xfd", b"500 5.5.2"),
        (b"NOOP " + b"x" * 5000, b"500 5.5.2"),
        (b"x" * 200_000, b"500 5.5.2"),
        (b"MAIL FROM:<>", b"250 2.1.0"),
        (b"MAIL FROM:<>", b"503 5.5.1"),
        (b"RCPT TO:<office@contoso.com>", b"250 2.1.5"),
        (b"DATA please", b"354 "),
        (MAIL + b".\r\n", b"250 2.0.0"),
        (b"QUIT and goodbye", b"221 2.0.0"),
    ]

    def words(device: Device) -> bytes:
        say_all(device, *steps)
        return device.hear()

    async with listening(box) as listener:
        assert await talk(listener, words) == b""
    assert stored(box) == [MAIL]


async def test_blank_lines_are_passed_over(box):
    """A blank line between commands gets no reply, or each further reply would be taken for the one before it."""

    def words(device: Device) -> list[bytes]:
        return say_all(device, (b"\r\n\r\nHELO x", b"250 "), (b"\n \t\r\n\0\r\nNOOP", b"250 2.0.0"), *mail_steps())

    async with listening(box) as listener:
        await talk(listener, words)
    assert stored(box) == [MAIL]


async def test_commands_end_with_lf_alone(box):
    """Commands of a device that writes no CR are heard; only the message wants its CRLF."""
    steps = [(b"HELO x\n", b"250"), (b"MAIL FROM:<>\n", b"250"), (b"RCPT TO:<office@contoso.com>\n", b"250")]
    async with listening(box) as listener:
        await talk(listener, lambda device: say_all(device, *steps, (b"DATA\n", b"354"), *mail_steps()[3:]))
    assert stored(box) == [MAIL]


async def test_ehlo_says_what_is_so(box):
    """SIZE, 8BITMIME, PIPELINING and status codes are promised, and no TLS or login where there is none."""
    async with listening(box, message_limit=12_345) as listener:
        reply = await talk(listener, lambda device: device.ask(b"EHLO x\r\n"))
    assert reply.split(b"\r\n") == [
        b"250-" + box.config.gateway.name.encode(),
        b"250-SIZE 12345",
        b"250-8BITMIME",
        b"250-PIPELINING",
        b"250-ENHANCEDSTATUSCODES",
        b"250 HELP",
        b"",
    ]


@pytest.mark.parametrize("greeting", [b"HELO x\r\n", b"EHLO x\r\n"])
async def test_everything_in_one_packet(box, greeting):
    """Case 36: commands before the greeting was heard, message and QUIT behind DATA: all in order, in one packet."""
    mail = b"MAIL FROM:<>\r\nRCPT TO:<office@contoso.com>\r\nDATA\r\n" + MAIL + b".\r\n"

    def words(device: Device) -> list[bytes]:
        device.say(greeting + mail + mail + b"NOOP\r\nQUIT\r\n")
        return [device.hear() for _ in range(11)]

    async with listening(box) as listener:
        replies = await talk(listener, words)
    assert [reply[:3] for reply in replies] == [
        b"250", b"250", b"250", b"354", b"250", b"250", b"250", b"354", b"250", b"250", b"221",
    ]  # fmt: skip
    assert stored(box) == [MAIL, MAIL]


@pytest.mark.parametrize("end", ["half close", "QUIT without line end"])
async def test_all_said_and_gone(box, end):
    """Case 30: a device that says everything at once and closes its side has its scan taken, and hears so."""

    def words(device: Device) -> list[bytes]:
        device.say(b"HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<office@contoso.com>\r\nDATA\r\n" + MAIL + b".\r\n")
        if end != "half close":
            device.say(b"QUIT")
        device.half_close()
        return [device.hear() for _ in range(6)]

    async with listening(box) as listener:
        replies = await talk(listener, words)
        await until(lambda: not listener.sessions, DEADLINE_S, "the session forgotten")
    assert [reply[:3] for reply in replies] == [b"250", b"250", b"250", b"354", b"250", b""]
    assert stored(box) == [MAIL]


@pytest.mark.parametrize("said", [b"", b"QUIT", b"QUIT\r\n", b"HELO x\r\nQUIT\r\n", b"\r\n", b"MAIL FROM:<>\r\nRCPT"])
@pytest.mark.parametrize("way", ["hang_up", "reset", "half_close"])
async def test_any_way_to_go_is_no_fault(box, said, way, capfd):
    """However a device goes, the session is forgotten, and neither log nor stderr has a word about it."""

    def words(device: Device) -> None:
        device.say(said)
        getattr(device, way)()

    with capture_logs() as logged:
        async with listening(box) as listener:
            await talk(listener, words)
            await until(lambda: not listener.sessions, DEADLINE_S, "the session forgotten")
    assert [line for line in logged if line["log_level"] != "info"] == []
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("declared", "sent_bytes", "replies"),
    [
        (b" SIZE=100", 20_002, [b"250", b"552"]),
        (b"", 20_002, [b"250", b"552"]),
        (b"", 20_000, [b"250", b"250"]),
        (b" SIZE=20000", 20_000, [b"250", b"250"]),
        (b" SIZE=20001", 0, [b"552"]),
        (b" SIZE=99999999999999999999", 0, [b"552"]),
    ],
)
async def test_size_is_held_whatever_was_declared(box, declared, sent_bytes, replies):
    """Case 35: over the limit is 552 at MAIL or behind the dot, at the limit is taken, and the session goes on."""
    message = b"x" * (sent_bytes - 2) + b"\r\n"

    def words(device: Device) -> list[bytes]:
        heard = [device.ask(b"MAIL FROM:<>" + declared + b"\r\n")]
        if sent_bytes:
            device.ask(b"RCPT TO:<office@contoso.com>\r\n")
            assert device.ask(b"DATA\r\n").startswith(b"354")
            heard.append(device.ask(message + b".\r\n"))
        heard.append(send(device))
        return heard

    async with listening(box, message_limit=20_000) as listener:
        heard = await talk(listener, words)
    assert [reply[:3] for reply in heard] == [*replies, b"250"]
    assert sorted(stored(box)) == sorted([message, MAIL] if replies[-1] == b"250" else [MAIL])


@pytest.mark.parametrize("line", [b"A" * 20_000, b"QUJD" * 1_250_000, b"\0" * 3000, bytes(range(128, 256)) * 10])
async def test_any_line_of_a_message_is_taken(box, line):
    """Case 34: base64 without line breaks, NULs, 8-bit of any alphabet: byte for byte, up to 5 MB in one line."""
    message = b"Subject: \x93\xfa\x96{ \xc4\xe3\xba\xc3 \xe9\r\n\r\n" + line + b"\r\n"
    async with listening(box) as listener:
        assert (await talk(listener, lambda device: send(device, message))).startswith(b"250")
    assert stored(box) == [message]
