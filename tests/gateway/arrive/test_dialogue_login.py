import base64
import hmac

import pytest
from structlog.testing import capture_logs

from conf.hidden import SecretStr
from tests.gateway.arrive.doorway import MAIL, listening, stored, talk
from tests.gateway.arrive.saying import PASSWORD, PLAIN, USER, mail_steps, say_all
from tests.peers.scanner import Device

REQUIRED = {"login": "required", "user": "printer1", "password": SecretStr("Abc123")}
ASK_USER = b"334 VXNlcm5hbWU6\r\n"
ASK_PASSWORD = b"334 UGFzc3dvcmQ6\r\n"
WELCOME = b"235 2.7.0"
WRONG = b"535 5.7.8"


@pytest.mark.parametrize(
    "steps",
    [
        [(b"AUTH LOGIN", ASK_USER), (USER, ASK_PASSWORD), (PASSWORD, WELCOME)],
        [(b"auth login", ASK_USER), (USER, ASK_PASSWORD), (PASSWORD, WELCOME)],
        [(b"AUTH  Login ", ASK_USER), (USER, ASK_PASSWORD), (PASSWORD, WELCOME)],
        [(b"AUTH LOGIN " + USER, ASK_PASSWORD), (PASSWORD, WELCOME)],
        [(b"AUTH LOGIN " + USER.rstrip(b"="), ASK_PASSWORD), (PASSWORD.rstrip(b"="), WELCOME)],
        [(b"AUTH LOGIN", ASK_USER), (b" " + USER[:4] + b" " + USER[4:] + b"\t", ASK_PASSWORD), (PASSWORD, WELCOME)],
        [(b"AUTH LOGIN", ASK_USER), (USER + b"\n", ASK_PASSWORD), (PASSWORD + b"\n", WELCOME)],
        [(b"AUTH PLAIN " + PLAIN, WELCOME)],
        [(b"AUTH PLAIN", b"334 \r\n"), (PLAIN, WELCOME)],
        [(b"AUTH plain " + PLAIN[:8] + b" " + PLAIN[8:], WELCOME)],
        [(b"AUTH PLAIN", b"334 \r\n"), (b"*", b"501 5.7.0"), (b"AUTH PLAIN " + PLAIN, WELCOME)],
        [(b"AUTH LOGIN", ASK_USER), (b"*", b"501 5.7.0"), (b"AUTH PLAIN " + PLAIN, WELCOME)],
        [(b"AUTH LOGIN " + USER, ASK_PASSWORD), (b"*", b"501 5.7.0"), (b"AUTH PLAIN " + PLAIN, WELCOME)],
        [(b"AUTH PLAIN " + PLAIN, WELCOME), (b"AUTH PLAIN " + PLAIN, WELCOME)],
        [(b"AUTH PLAIN not base64!", b"501 5.5.2"), (b"AUTH PLAIN " + PLAIN, WELCOME)],
        [(b"AUTH PLAIN " + USER, b"501 5.5.2"), (b"AUTH PLAIN " + PLAIN, WELCOME)],
        [(b"AUTH", b"504 5.5.4"), (b"AUTH NTLM TlRMTVNTUAAB", b"504 5.5.4"), (b"AUTH PLAIN " + PLAIN, WELCOME)],
        [(b"AUTH PLAIN", b"334 \r\n"), (b"A" * 5000, b"500 5.5.2"), (b"AUTH PLAIN " + PLAIN, WELCOME)],
    ],
)
@pytest.mark.parametrize("greeting", [b"HELO x", b"EHLO x"])
async def test_any_way_to_log_in_is_understood(box, steps, greeting):
    """Case 38: inline, any case, unpadded, with spaces, cancelled, twice, after HELO as after EHLO; then the mail."""
    async with listening(box, **REQUIRED) as listener:
        await talk(listener, lambda device: say_all(device, (greeting, b"250"), *steps, *mail_steps()))
    assert stored(box) == [MAIL]


@pytest.mark.parametrize("user", [b"printer1", b"Printer1"])
async def test_cram_md5_is_answered(box, user):
    """Case 38: the digest of a challenge that is another one each time logs in, without the password on the wire."""

    def words(device: Device) -> list[bytes]:
        challenges = []
        for password in (b"wrong", b"Abc123"):
            (asked,) = say_all(device, (b"AUTH cram-md5", b"334 "))
            challenges.append(base64.b64decode(asked[4:]))
            said = user + b" " + hmac.digest(password, challenges[-1], "md5").hex().encode()
            say_all(device, (base64.b64encode(said), WELCOME if password == b"Abc123" else WRONG))
        say_all(device, *mail_steps())
        return challenges

    async with listening(box, **REQUIRED) as listener:
        first, second = await talk(listener, words)
    assert first != second
    assert first.startswith(b"<")
    assert stored(box) == [MAIL]


@pytest.mark.parametrize(
    "steps",
    [
        [(b"AUTH PLAIN " + base64.b64encode(b"\0printer1\0wr0ng-secret"), WRONG)],
        [(b"AUTH PLAIN " + base64.b64encode(b"\0wr0ng-secret\0Abc123"), WRONG)],
        [(b"AUTH LOGIN " + USER, ASK_PASSWORD), (base64.b64encode(b"wr0ng-secret"), WRONG)],
        [(b"AUTH PLAIN " + PLAIN, WELCOME), (b"AUTH PLAIN " + base64.b64encode(b"\0printer1\0wr0ng-secret"), WRONG)],
        [(b"AUTH PLAIN =", b"501 5.5.2")],
    ],
)
async def test_a_wrong_login_lets_nobody_in(box, steps):
    """What is wrong is 535 and 530 at MAIL; the log names the device and the mend, and never what was said."""
    with capture_logs() as logged:
        async with listening(box, **REQUIRED) as listener:
            await talk(
                listener, lambda device: say_all(device, *steps, (b"MAIL FROM:<>", b"530 5.7.0"), (b"DATA", b"503"))
            )
    assert stored(box) == []
    refused = [line for line in logged if line["event"] == "smtp-refused"]
    assert {line["client"] for line in refused} == {"127.0.0.1"}
    assert refused[-1]["reply"].startswith("530 5.7.0 Log in first")
    assert "wr0ng" not in str(logged)
    assert PLAIN.decode() not in str(logged)


async def test_a_login_may_be_left_out_when_it_is_optional(box):
    """With ``optional`` a device without a login is served, one with the right login too, one with a wrong one told."""
    wrong = base64.b64encode(b"\0printer1\0no")
    async with listening(box, **{**REQUIRED, "login": "optional"}) as listener:
        await talk(listener, lambda device: say_all(device, *mail_steps()))
        await talk(listener, lambda device: say_all(device, (b"AUTH PLAIN " + PLAIN, WELCOME), *mail_steps()))
        await talk(listener, lambda device: say_all(device, (b"AUTH PLAIN " + wrong, WRONG), *mail_steps()))
    assert len(stored(box)) == 3


@pytest.mark.parametrize(
    "steps",
    [
        [(b"AUTH LOGIN", ASK_USER), (b"", ASK_PASSWORD), (b"", WELCOME)],
        [(b"AUTH PLAIN " + base64.b64encode(b"\0any\0thing \xfc"), WELCOME)],
        [(b"AUTH CRAM-MD5", b"334 "), (base64.b64encode(b"any 0123"), WELCOME)],
    ],
)
async def test_any_takes_every_login(box, steps):
    """With ``any`` a device that insists on a login is content, whatever it was given at its panel."""
    async with listening(box, login="any") as listener:
        await talk(listener, lambda device: say_all(device, (b"EHLO x", b"250"), *steps, *mail_steps()))
    assert stored(box) == [MAIL]


async def test_a_login_nobody_wants_is_explained(box):
    """With ``off`` a device that logs in all the same is told no, and the log says which key would let it."""
    with capture_logs() as logged:
        async with listening(box) as listener:
            await talk(listener, lambda device: say_all(device, (b"AUTH PLAIN " + PLAIN, b"503 5.5.1"), *mail_steps()))
    (line,) = [line for line in logged if line["event"] == "smtp-refused"]
    assert 'login = "any"' in line["reply"]
    assert stored(box) == [MAIL]


@pytest.mark.parametrize("login", ["any", "optional", "required"])
async def test_the_ways_to_log_in_are_shown(box, login):
    """AUTH stands in the reply to EHLO in both spellings, the old one too."""
    async with listening(box, **{**REQUIRED, "login": login}) as listener:
        reply = await talk(listener, lambda device: device.ask(b"EHLO x\r\n"))
    assert b"250-AUTH LOGIN PLAIN CRAM-MD5\r\n250-AUTH=LOGIN PLAIN CRAM-MD5\r\n" in reply
