import asyncio
import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.arrive import begin_tls, listener
from gateway.arrive.listener import Listener, ListenError
from tests.gateway.arrive.doorway import DEADLINE_S, MAIL, begin, listening, port_of, send, stored, talk
from tests.gateway.arrive.saying import logged_once, mail_steps, say_all, secured, trusting
from tests.peers.certificates import Certificates
from tests.peers.loopback import until
from tests.peers.openssl_client import s_client
from tests.peers.scanner import Device

WHOLE = b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<office@contoso.com>\r\nDATA\r\n" + MAIL + b".\r\nQUIT\r\n"
SSL3_HELLO = bytes.fromhex("16030000310100002d0300") + b"r" * 32 + bytes.fromhex("0000060005000a0004") + b"\x01\x00"
SSL2_HELLO = bytes.fromhex("802e0100020015000000100100800300800700c00600400200800400800500800000") + b"c" * 16


async def heard_by_nobody(listener: Listener, words: Callable[[Device], Any]) -> list[Any]:
    """Connect, say the words without waiting for a greeting, and listen to the end; what was heard."""

    def connected() -> list[Any]:
        with Device(port_of(listener)) as device:
            words(device)
            heard = []
            while reply := device.hear():
                heard.append(reply)
            return heard

    return await asyncio.to_thread(connected)


def told(logged: list[Any]) -> list[str]:
    """The reasons of trouble with TLS that the log gives."""
    return [line["reason"] for line in logged if line["event"] == "smtp-tls-fault"]


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.parametrize(
    ("options", "is_legacy", "spoken"),
    [
        (("-tls1",), True, "TLSv1"),
        (("-tls1_1",), True, "TLSv1.1"),
        (("-tls1_2", "-cipher", "AES128-SHA"), True, "TLSv1.2"),
        (("-tls1_2", "-cipher", "AES128-SHA"), False, "TLSv1.2"),
        (("-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384"), False, "TLSv1.2"),
        (("-tls1_3",), True, "TLSv1.3"),
        (("-tls1_3",), False, "TLSv1.3"),
    ],
)
async def test_case_37_every_version_gets_its_scan_through(box, tls, options, is_legacy, spoken):
    """Case 37: TLS 1.0 and 1.1 where they are admitted, 1.2 with RSA key exchange, and 1.3; both ways to begin."""
    begun = ("-starttls", "smtp") if tls == "starttls" else ()
    async with listening(box, tls=tls, legacy_tls=is_legacy) as listener:
        said = await asyncio.to_thread(s_client, port_of(listener), WHOLE, *begun, *options)
    assert f"Protocol  : {spoken}\n" in said or f"New, {spoken}, Cipher" in said
    assert "250 2.0.0 Ok: taken as " in said
    assert "221 2.0.0 Bye" in said
    assert stored(box) == [MAIL]


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
async def test_case_37_an_old_version_is_refused_and_explained(box, tls, version):
    """Case 37: without ``legacy_tls`` TLS 1.0 and 1.1 are refused, and the log names the key that would admit them."""
    begun = ("-starttls", "smtp") if tls == "starttls" else ()
    with capture_logs() as logged:
        async with listening(box, tls=tls) as listener:
            said = await asyncio.to_thread(s_client, port_of(listener), WHOLE, *begun, version)
            line = await logged_once(logged, "smtp-tls-fault")
    assert "250 2." not in said
    reason = line["reason"]
    assert "set legacy_tls = true" in reason
    assert stored(box) == []


async def test_case_37_ssl_3_is_explained(box):
    """Case 37: SSL 3.0 with RC4, which nobody can speak any more, is refused; the log says to turn TLS off."""
    with capture_logs() as logged:
        async with listening(box, tls="implicit", legacy_tls=True) as listener:
            await heard_by_nobody(listener, lambda device: device.say(SSL3_HELLO))
            line = await logged_once(logged, "smtp-tls-fault")
    reason = line["reason"]
    assert "turn SSL/TLS off at its panel" in reason


@pytest.mark.parametrize(
    "hello", [SSL3_HELLO, SSL2_HELLO, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\n" * 40]
)
@pytest.mark.parametrize("tls", ["off", "starttls"])
async def test_case_37_a_hello_on_the_plain_port_is_explained(box, hello, tls):
    """Case 37: TLS from the first byte where text is spoken ends the connection; the log says the mend."""
    with capture_logs() as logged:
        async with listening(box, tls=tls) as listener:
            heard = await heard_by_nobody(listener, lambda device: device.say(hello))
            line = await logged_once(logged, "smtp-tls-fault")
    assert len(heard) <= 1  # the greeting, when it was out before the hello came
    assert (line["client"], line["listener"]) == ("127.0.0.1", "smtp")
    assert 'tls = "implicit" (port 465)' in line["reason"]
    assert "turn SSL/TLS off at its panel" in line["reason"]


async def test_a_hello_behind_a_refused_starttls_is_explained(box):
    """A device that begins TLS though STARTTLS was refused is told apart too."""

    def words(device: Device) -> bytes:
        say_all(device, (b"HELO x", b"250"), (b"STARTTLS", b"454 4.7.0"))
        device.say(SSL3_HELLO)
        return device.hear()

    with capture_logs() as logged:
        async with listening(box) as listener:
            assert await talk(listener, words) == b""
    assert len(told(logged)) == 1


async def test_bytes_of_a_message_are_no_hello(box):
    """A message that begins like TLS is a message."""
    message = b"\x16\x03\x01\x00\xa5\r\n"
    async with listening(box) as listener:
        assert (await talk(listener, lambda device: send(device, message))).startswith(b"250")
    assert stored(box) == [message]


@pytest.mark.parametrize("said", [b"EHLO x\r\n", b"GET / HTTP/1.0\r\n\r\n"])
async def test_case_37_plain_text_on_the_implicit_port_is_explained(box, said):
    """Case 37: a device that speaks plain text on the TLS port is hung up on; the log says what to change."""
    with capture_logs() as logged:
        async with listening(box, tls="implicit") as listener:
            heard = await heard_by_nobody(listener, lambda device: device.say(said))
            line = await logged_once(logged, "smtp-tls-fault")
    assert not any(b"250" in reply for reply in heard)
    reason = line["reason"]
    assert "turn SSL/TLS on at its panel" in reason
    assert 'tls = "off"' in reason


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_case_37_a_stalled_handshake_ends(box, tls, monkeypatch):
    """Case 37: a device that says nothing where TLS is due, or stops within, is given up in its time, and explained."""
    monkeypatch.setattr(begin_tls, "HANDSHAKE_TIMEOUT_S", 0.2)

    def words(device: Device) -> None:
        if tls == "starttls":
            assert device.hear().startswith(b"220")
            say_all(device, (b"EHLO x", b"250"), (b"STARTTLS", b"220"))
            device.say(SSL3_HELLO[:10])

    with capture_logs() as logged:
        async with listening(box, tls=tls) as listener:
            await heard_by_nobody(listener, words)
            line = await logged_once(logged, "smtp-tls-fault")
    reason = line["reason"]
    assert reason.startswith("no TLS handshake came in time")


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_device_that_goes_within_the_handshake_is_told_of(box, tls):
    """A device that hangs up where TLS is due is named in the log, and no trace stays."""

    def words(device: Device) -> None:
        if tls == "starttls":
            device.hear()
            say_all(device, (b"EHLO x", b"250"), (b"STARTTLS", b"220"))
        device.half_close()

    with capture_logs() as logged:
        async with listening(box, tls=tls) as listener:
            await heard_by_nobody(listener, words)
            line = await logged_once(logged, "smtp-tls-fault")
    assert line["client"] == "127.0.0.1"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_device_that_checks_certificates_is_explained(box, version):
    """A device that does not trust our own certificate says so within TLS; the log says what can be done."""
    careful = ssl.create_default_context()
    careful.minimum_version = careful.maximum_version = version

    def words(device: Device) -> None:
        say_all(device, (b"EHLO x", b"250"), (b"STARTTLS", b"220"))
        with pytest.raises(ssl.SSLCertVerificationError):
            device.start_tls(careful)

    with capture_logs() as logged:
        async with listening(box, tls="starttls") as listener:
            await talk(listener, words)
            line = await logged_once(logged, "smtp-tls-fault")
    reason = line["reason"]
    assert "set certificate_file and key_file" in reason


@pytest.mark.parametrize("go", ["hang_up", "reset", "say nothing more"])
async def test_a_message_in_tls_is_taken_whatever_its_end(box, go, capfd):
    """Case 30: over TLS too, a device that goes right behind its dot has its scan stored, once and quietly."""

    def words(device: Device) -> None:
        secured(device)
        begin(device)
        device.say(MAIL + b".\r\n")
        if go != "say nothing more":
            getattr(device, go)()

    async with listening(box, tls="starttls") as listener:
        await talk(listener, words)
        await until(lambda: len(box.journal.jobs()) == 1, DEADLINE_S, "the scan stored")
        await until(lambda: not listener.commits and not listener.sessions, DEADLINE_S, "the session forgotten")
    assert stored(box) == [MAIL]
    assert capfd.readouterr().err == ""


async def test_features_are_those_of_the_moment(box):
    """STARTTLS is offered before TLS and not within it; a login is offered in both, for old devices know no TLS."""

    def words(device: Device) -> tuple[bytes, bytes]:
        before = device.ask(b"EHLO x\r\n")
        device.ask(b"STARTTLS\r\n")
        device.start_tls(trusting())
        return before, device.ask(b"EHLO x\r\n")

    async with listening(box, tls="starttls", login="any") as listener:
        before, within = await talk(listener, words)
    assert before.replace(b"250-STARTTLS\r\n", b"") == within
    assert b"AUTH LOGIN" in within


async def test_two_tables_of_one_port_have_their_own_tls(box):
    """On one port each table has its own context: the device of the legacy one gets TLS 1.0, and no other."""
    table = replace(box.config.smtp[0], tls="starttls")
    other = replace(table, name="old", clients=("127.0.0.2",), legacy_tls=True)
    listener = Listener(box.intake, (table, other))
    await listener.open()
    try:
        contexts = listener.contexts
        assert contexts["smtp"].minimum_version == ssl.TLSVersion.TLSv1_2
        assert contexts["old"].minimum_version == ssl.TLSVersion.TLSv1
    finally:
        await listener.close()


async def test_a_given_certificate_is_shown(box, tmp_path):
    """A device that checks is shown the chain of ``certificate_file``; a pair that does not fit opens no port."""
    certificates = Certificates(tmp_path)
    shown, other = certificates.server(), certificates.server()

    def words(device: Device) -> list[bytes]:
        say_all(device, (b"EHLO x", b"250"), (b"STARTTLS", b"220"))
        device.start_tls(certificates.client_context())
        return say_all(device, *mail_steps())

    async with listening(box, tls="starttls", certificate_file=shown.chain, key_file=shown.key) as listener:
        await talk(listener, words)
    assert stored(box) == [MAIL]
    with pytest.raises(ListenError, match=r"^smtp\.smtp\.certificate_file, key_file: .* do not go together"):
        async with listening(box, tls="starttls", certificate_file=shown.chain, key_file=other.key):
            pass


async def test_a_running_service_watches_its_certificates(box, tmp_path, monkeypatch):
    """A certificate that ends while the service runs is told of each day, not only at the start."""
    monkeypatch.setattr(listener, "_DAY_S", 0.05)
    shown = Certificates(tmp_path).expired()
    with capture_logs() as logged:
        async with listening(box, tls="starttls", certificate_file=shown.chain, key_file=shown.key):
            await until(
                lambda: sum(line["event"] == "config-warning" for line in logged) > 1, DEADLINE_S, "told on two days"
            )
    assert all("ended on 2021-01-01" in line["what"] for line in logged if line["event"] == "config-warning")
