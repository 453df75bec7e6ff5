"""Clients that others wrote, with and without TLS and login: swaks, curl, msmtp, smtplib and Postfix's smtp-source."""

import asyncio
import smtplib
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conf.hidden import SecretStr
from tests.gateway.arrive.doorway import listening, port_of, stored
from tests.peers.certificates import Certificates

LOGIN: dict[str, Any] = {"login": "required", "user": "printer1", "password": SecretStr("Abc123")}
FROM, TO = "scan@contoso.com", "office@contoso.com"
MAIL = b"From: scan@contoso.com\r\nTo: office@contoso.com\r\nSubject: by a real client\r\n\r\n.dot\r\nThe scan.\r\n"


def run(argv: list[str], said: bytes = b"") -> None:
    """Run a client to its end, which must be a success."""
    ended = subprocess.run(argv, input=said, capture_output=True, check=False, timeout=30)
    assert ended.returncode == 0, (ended.stdout + ended.stderr).decode(errors="replace")


def swaks(port: int, folder: Path, *options: str) -> None:
    """Send by swaks."""
    mail = folder / "mail.eml"
    mail.write_bytes(MAIL.replace(b"\r\n", b"\n"))
    argv = ["swaks", "--server", "127.0.0.1", "--port", str(port), "--timeout", "10", "--from", FROM, "--to", TO]
    run([*argv, "--data", f"@{mail}", *options])


@pytest.mark.parametrize("mechanism", ["LOGIN", "PLAIN", "CRAM-MD5"])
@pytest.mark.parametrize("tls", ["off", "starttls", "implicit"])
async def test_swaks(box, tmp_path, mechanism, tls):
    """Swaks logs in by each mechanism, in the clear, by STARTTLS and on an implicit port."""
    login = ["--auth", mechanism, "--auth-user", "printer1", "--auth-password", "Abc123"]
    begun = {"off": [], "starttls": ["--tls"], "implicit": ["--tls-on-connect"]}[tls]
    async with listening(box, tls=tls, **LOGIN) as listener:
        await asyncio.to_thread(swaks, port_of(listener), tmp_path, *login, *begun)
    assert [message.rstrip() for message in stored(box)] == [MAIL.rstrip()]


@pytest.mark.parametrize("options", [["--pipeline"], ["--helo", ""], ["--ehlo", "[IPv6:::1]", "--protocol", "SMTP"]])
async def test_swaks_in_other_ways(box, tmp_path, options):
    """Swaks pipelines because it was offered, greets with nothing, or with HELO alone."""
    async with listening(box) as listener:
        await asyncio.to_thread(swaks, port_of(listener), tmp_path, *options)
    assert len(stored(box)) == 1


async def test_swaks_with_a_wrong_password(box, tmp_path):
    """A wrong password is an error of authentication to swaks (its exit code 28), and nothing is taken."""

    def wrong(port: int) -> int:
        argv = ["swaks", "--server", f"127.0.0.1:{port}", "--to", TO, "--auth", "LOGIN", "--auth-user", "printer1"]
        return subprocess.run(
            [*argv, "--auth-password", "no"], capture_output=True, check=False, timeout=30, stdin=subprocess.DEVNULL
        ).returncode

    async with listening(box, **LOGIN) as listener:
        assert await asyncio.to_thread(wrong, port_of(listener)) == 28
    assert stored(box) == []


@pytest.mark.parametrize("tls", ["off", "starttls", "implicit"])
async def test_curl(box, tmp_path, tls):
    """Curl sends with a login, checking our certificate's chain and name where there is TLS."""
    certificates = Certificates(tmp_path)
    shown = certificates.server()
    mail = tmp_path / "mail.eml"
    mail.write_bytes(MAIL)

    def send(port: int) -> None:
        scheme = "smtps" if tls == "implicit" else "smtp"
        secure = [] if tls == "off" else ["--ssl-reqd", "--cacert", str(certificates.authority_file)]
        argv = ["curl", "--silent", "--show-error", *secure, f"{scheme}://127.0.0.1:{port}/printer"]
        run([*argv, "--user", "printer1:Abc123", "--mail-from", FROM, "--mail-rcpt", TO, "--upload-file", str(mail)])

    async with listening(box, tls=tls, certificate_file=shown.chain, key_file=shown.key, **LOGIN) as listener:
        await asyncio.to_thread(send, port_of(listener))
    assert stored(box) == [MAIL]


@pytest.mark.parametrize("mechanism", ["plain", "login", "cram-md5"])
@pytest.mark.parametrize("tls", ["off", "starttls", "implicit"])
async def test_msmtp(box, tmp_path, mechanism, tls):
    """msmtp, whose TLS is GnuTLS, sends by each mechanism with and without TLS."""

    def send(port: int) -> None:
        argv = ["msmtp", "--file=/dev/null", "--host=127.0.0.1", f"--port={port}", f"--from={FROM}"]
        argv += [f"--auth={mechanism}", "--user=printer1", "--passwordeval=echo Abc123"]
        argv += [f"--tls={'off' if tls == 'off' else 'on'}", f"--tls-starttls={'off' if tls == 'implicit' else 'on'}"]
        run([*argv, "--tls-certcheck=off", "--set-date-header=off", "--set-msgid-header=off", TO], MAIL)

    async with listening(box, tls=tls, **LOGIN) as listener:
        await asyncio.to_thread(send, port_of(listener))
    assert stored(box) == [MAIL]


def plainly(port: int, _: ssl.SSLContext) -> smtplib.SMTP:
    """Connect in the clear."""
    return smtplib.SMTP("127.0.0.1", port, timeout=10)


def by_starttls(port: int, context: ssl.SSLContext) -> smtplib.SMTP:
    """Connect and start TLS."""
    client = smtplib.SMTP("127.0.0.1", port, timeout=10)
    client.starttls(context=context)
    return client


def implicitly(port: int, context: ssl.SSLContext) -> smtplib.SMTP:
    """Connect with TLS."""
    return smtplib.SMTP_SSL("127.0.0.1", port, timeout=10, context=context)


@pytest.mark.parametrize(("tls", "connect"), [("off", plainly), ("starttls", by_starttls), ("implicit", implicitly)])
async def test_smtplib(box, tmp_path, tls, connect: Callable[[int, ssl.SSLContext], smtplib.SMTP]):
    """Smtplib checks our certificate, logs in, is refused a recipient, and sends two mails in one session."""
    certificates = Certificates(tmp_path)
    shown = certificates.server()

    def send(port: int) -> None:
        with connect(port, certificates.client_context()) as client:
            client.login("printer1", "Abc123")
            assert list(client.sendmail(FROM, [TO, "a@elsewhere.example"], MAIL)) == ["a@elsewhere.example"]
            assert client.sendmail(FROM, [TO], MAIL, mail_options=["BODY=8BITMIME"]) == {}
            assert client.verify("office")[0] == 252
            assert client.help().startswith(b"2.0.0")

    async with listening(box, tls=tls, certificate_file=shown.chain, key_file=shown.key, **LOGIN) as listener:
        await asyncio.to_thread(send, port_of(listener))
    assert stored(box) == [MAIL, MAIL]


@pytest.mark.parametrize("options", [[], ["-d"], ["-o"]])
async def test_smtp_source(box, options):
    """Postfix's load generator, several sessions at once, one mail each, many in one, or HELO alone: all are taken."""

    def send(port: int) -> None:
        argv = ["smtp-source", *options, "-s", "3", "-m", "12", "-l", "20000", "-f", FROM, "-t", TO]
        run([*argv, f"inet:127.0.0.1:{port}"])

    async with listening(box) as listener:
        await asyncio.to_thread(send, port_of(listener))
    assert len(stored(box)) == 12
