"""What devices of each maker say, byte for byte, by the reports that ``conf/makers.py`` cites; each gets through.

The mails are such as these devices write; what becomes of their parts is for other tests.
"""

import asyncio
import base64
import hmac
import ssl
from typing import get_args

import pytest
from structlog.testing import capture_logs

from conf.makers import PROFILES, Maker
from conf.smtp import Smtp
from tests.conf.given import made
from tests.gateway.arrive.doorway import listening, port_of, stored, talk
from tests.gateway.arrive.made_by import LOGIN, RECIPIENT, gets_through, old_tls, profile, scan
from tests.gateway.arrive.saying import PASSWORD, USER, logged_once, say_all
from tests.peers.scanner import Device


async def test_xerox(box):
    """Xerox: EHLO with the serial number, and LOGIN only behind the very words ``Username:``."""
    message = scan(b"Scanned from a Xerox Multifunction Printer", name=b"DOC001.PDF")

    def words(device: Device) -> bytes:
        (features, *_) = say_all(
            device,
            (b"EHLO XC-B8C463", b"250-"),
            (b"AUTH LOGIN", b"334 " + base64.b64encode(b"Username:")),
            (USER, b"334 " + base64.b64encode(b"Password:")),
            (PASSWORD, b"235"),
            (b"MAIL FROM:<xerox@contoso.com>", b"250"),
            (RECIPIENT, b"250"),
            (b"DATA", b"354"),
            (message + b".\r\n", b"250"),
            (b"QUIT", b"221"),
        )
        assert b"250-AUTH LOGIN PLAIN" in features
        return message

    await gets_through(box, profile("xerox", **LOGIN), words)


async def test_canon(box):
    """Canon: STARTTLS because it is offered, and a scan over its upper limit in pieces, each a message/partial."""
    pieces = [
        b"Subject: [%d/3] Attached Image\r\nContent-Type: message/partial; number=%d; total=3;\r\n"
        b' id="20041110104508.0000.CanonTxNo.0105@e320g.contoso.com"\r\n\r\npiece %d\r\n' % (number, number, number)
        for number in (1, 2, 3)
    ]

    def words(device: Device) -> None:
        say_all(device, (b"EHLO ir-adv", b"250"), (b"STARTTLS", b"220"))
        device.start_tls(old_tls(ssl.TLSVersion.TLSv1_1))
        say_all(device, (b"EHLO ir-adv", b"250"))
        for piece in pieces:
            say_all(
                device,
                (b"MAIL FROM:<canon@contoso.com>", b"250"),
                (RECIPIENT, b"250"),
                (b"DATA", b"354"),
                (piece + b".\r\n", b"250"),
            )
        say_all(device, (b"QUIT", b"221"))

    async with listening(box, **profile("canon", tls="starttls", legacy_tls=True)) as listener:
        await talk(listener, words)
    assert sorted(stored(box)) == pieces


async def test_canon_without_tls(box):
    """Canon: where STARTTLS is not offered it goes on in the clear, login and all."""
    message = scan(b"Attached Image", name=b"0105_001.pdf")

    def words(device: Device) -> bytes:
        (features,) = say_all(device, (b"EHLO ir-adv", b"250"))
        assert b"STARTTLS" not in features
        challenge = base64.b64decode(device.ask(b"AUTH CRAM-MD5\r\n")[4:])
        digest = hmac.digest(b"Abc123", challenge, "md5").hex().encode()
        say_all(
            device,
            (base64.b64encode(b"printer1 " + digest), b"235"),
            (b"MAIL FROM:<canon@contoso.com>", b"250"),
            (RECIPIENT, b"250"),
            (b"DATA", b"354"),
            (message + b".\r\n", b"250"),
        )
        return message

    await gets_through(box, profile("canon", **LOGIN), words)


async def test_ricoh(box):
    """Ricoh: no CRAM-MD5 is shown, behind which it gives up; it logs in by another, and comes once more to QUIT."""
    message = scan(b"Message from RNP0026737F", name=b"20261125104508.pdf")

    def words(device: Device) -> bytes:
        (features, *_) = say_all(device, (b"EHLO itl-osd2-pr01.local.domain.ltd", b"250"))
        assert b"CRAM-MD5" not in features
        assert b"250-AUTH LOGIN PLAIN\r\n" in features
        say_all(
            device,
            (b"AUTH LOGIN", b"334"),
            (USER, b"334"),
            (PASSWORD, b"235"),
            (b"MAIL FROM:<ricoh@contoso.com> SIZE=4711", b"250"),
            (RECIPIENT, b"250"),
            (b"DATA", b"354"),
            (message + b".\r\n", b"250"),
            (b"QUIT", b"221"),
        )
        return message

    await gets_through(box, profile("ricoh", **LOGIN), words)
    async with listening(box, **profile("ricoh", **LOGIN)) as listener:
        await talk(listener, lambda device: say_all(device, (b"QUIT", b"221")))


async def test_hp(box):
    """HP: HELO with its address, a first visit that only looks, and no STARTTLS shown, which it would fail at."""
    message = scan(b"HP scan", name=b"scan0001.pdf")

    def words(device: Device) -> bytes:
        (features,) = say_all(device, (b"EHLO NPIF65E56", b"250"))
        assert b"STARTTLS" not in features
        say_all(
            device,
            (b"HELO [192.168.1.21]", b"250"),
            (b"MAIL FROM: <hp@contoso.com>", b"250"),
            (b"RCPT TO: <office@contoso.com>", b"250"),
            (b"DATA", b"354"),
            (message + b".\r\n", b"250"),
            (b"QUIT", b"221"),
        )
        return message

    keys = profile("hp", tls="starttls", legacy_tls=True)
    async with listening(box, **keys) as listener:
        await talk(listener, lambda device: say_all(device, (b"HELO medea", b"250"), (b"QUIT", b"221")))
    await gets_through(box, keys, words)


async def test_hp_that_begins_with_tls(box):
    """HP: with SSL on at its panel it says a TLS hello on the plain port; the log names device and mend."""

    def connected(port: int) -> None:
        with Device(port) as device, pytest.raises((ssl.SSLError, ConnectionError)):
            device.start_tls(old_tls(ssl.TLSVersion.TLSv1))

    with capture_logs() as logged:
        async with listening(box, **profile("hp")) as listener:
            await asyncio.to_thread(connected, port_of(listener))
            line = await logged_once(logged, "smtp-tls-fault")
    assert "turn SSL/TLS off at its panel" in line["reason"]


async def test_hp_on_an_implicit_port(box):
    """HP: given a port with ``implicit`` and ``legacy_tls``, the very same device delivers."""
    message = scan(b"HP scan", name=b"scan0001.pdf")

    def connected(port: int) -> None:
        with Device(port) as device:
            device.start_tls(old_tls(ssl.TLSVersion.TLSv1))
            assert device.hear().startswith(b"220 ")
            say_all(
                device,
                (b"EHLO NPIF65E56", b"250"),
                (b"MAIL FROM:<hp@contoso.com>", b"250"),
                (RECIPIENT, b"250"),
                (b"DATA", b"354"),
                (message + b".\r\n", b"250"),
                (b"QUIT", b"221"),
            )

    async with listening(box, **profile("hp", tls="implicit", legacy_tls=True)) as listener:
        await asyncio.to_thread(connected, port_of(listener))
    assert stored(box) == [message]


async def test_konica_minolta(box):
    """Konica Minolta: the user name along with AUTH LOGIN, base64 as it likes, and the mail in one go."""
    message = scan(b"Message from KMBT_C287", name=b"SKMBT_C28726112510450.pdf")

    def words(device: Device) -> bytes:
        say_all(
            device,
            (b"EHLO KMBT287", b"250"),
            (b"AUTH LOGIN " + USER, b"334 " + base64.b64encode(b"Password:")),
            (PASSWORD, b"235"),
            (b"MAIL FROM:<bizhub@contoso.com>", b"250"),
            (RECIPIENT, b"250"),
            (b"DATA", b"354"),
            (message + b".\r\n", b"250"),
            (b"QUIT", b"221"),
        )
        return message

    await gets_through(box, profile("konica-minolta", **LOGIN), words)


@pytest.mark.parametrize("maker", ["kyocera", "toshiba"])
async def test_kyocera_and_toshiba(box, maker):
    """Kyocera, Toshiba: STARTTLS, a login by CRAM-MD5, and gone right behind the final dot with "sent" on the panel."""
    message = scan(b"Scan", name=b"doc02646120261125104508.pdf", kind=b"application/octet-stream")

    def words(device: Device) -> bytes:
        say_all(device, (b"EHLO Office500.contoso.local", b"250"), (b"STARTTLS", b"220"))
        device.start_tls(old_tls(ssl.TLSVersion.TLSv1_2))
        say_all(device, (b"EHLO Office500.contoso.local", b"250"))
        challenge = base64.b64decode(device.ask(b"AUTH CRAM-MD5\r\n")[4:])
        digest = hmac.digest(b"Abc123", challenge, "md5").hex().encode()
        say_all(
            device,
            (base64.b64encode(b"printer1 " + digest), b"235"),
            (b"MAIL FROM:<mfp@contoso.com>", b"250"),
            (RECIPIENT, b"250"),
            (b"DATA", b"354"),
        )
        device.say(message + b".\r\n")
        device.hang_up()
        return message

    await gets_through(box, profile(maker, tls="starttls", **LOGIN), words)


@pytest.mark.parametrize("maker", ["kyocera", "toshiba"])
async def test_kyocera_and_toshiba_that_never_end(box, maker):
    """Kyocera, Toshiba: one that ends in a bare LF is told of in the log, and gets through by the key named there."""
    message = scan(b"Scan").replace(b"\r\n", b"\n")

    def words(device: Device) -> bytes:
        say_all(
            device,
            (b"HELO x", b"250"),
            (b"MAIL FROM:<mfp@contoso.com>", b"250"),
            (RECIPIENT, b"250"),
            (b"DATA", b"354"),
        )
        device.say(message + b".\n")
        device.half_close()
        return device.hear()

    with capture_logs() as logged:
        async with listening(box, **profile(maker)) as listener:
            assert await talk(listener, words) == b""
            lost = await logged_once(logged, "smtp-lost")
    assert "bare_lf = true" in lost["advice"]
    async with listening(box, **profile(maker, bare_lf=True)) as listener:
        assert (await talk(listener, words)).startswith(b"250")
    assert stored(box) == [message]


async def test_brother(box):
    """Brother: SMTP-AUTH with PLAIN in one line, a receipt asked for, RSET first, and QUIT without waiting."""
    message = scan(b"Scanned", more=b"Disposition-Notification-To: brother@contoso.com\r\n")

    def words(device: Device) -> bytes:
        say_all(
            device,
            (b"EHLO BRN001BA9A3C5D2", b"250"),
            (b"AUTH PLAIN " + base64.b64encode(b"printer1\0printer1\0Abc123"), b"235"),
            (b"RSET", b"250"),
            (b"MAIL FROM:<brother@contoso.com>", b"250"),
            (RECIPIENT + b" NOTIFY=SUCCESS,FAILURE", b"250"),
            (b"DATA", b"354"),
            (message + b".\r\n", b"250"),
        )
        device.say(b"QUIT\r\n")
        device.hang_up()
        return message

    await gets_through(box, profile("brother", **LOGIN), words)


def test_every_maker_has_a_profile_and_a_dialogue():
    """No profile is without its dialogue here, and no name without its profile."""
    assert set(PROFILES) == set(get_args(Maker))
    dialogues = " ".join(name for name in globals() if name.startswith("test_"))
    assert all(maker.replace("-", "_") in dialogues for maker in PROFILES if maker != "standard")


def test_a_profile_decides_what_is_not_given():
    """``bare_lf`` follows the profile where it is not set, and goes before it where it is."""
    table = {"listen": "127.0.0.1:0", "clients": ["127.0.0.1"], "recipients": ["contoso.com"]}
    for maker, known in PROFILES.items():
        assert made(Smtp, {**table, "profile": maker}).bare_lf is known.is_bare_lf
        assert made(Smtp, {**table, "profile": maker, "bare_lf": True}).bare_lf
