"""The private Postfix and Dovecot: a real smarthost with Exchange Online's demands, and a mailbox to look into."""

import smtplib
import ssl
from pathlib import Path

import aiosmtplib
import pytest

from tests.peers.certificates import Certificate, Certificates
from tests.peers.entra import MAILBOX, Entra
from tests.peers.fixtures import PASSWORD
from tests.peers.loopback import is_listening, wait_until
from tests.peers.postfix import Postfix
from tests.peers.process import group_members

MAIL = b"From: scanner@contoso.com\r\nSubject: scan\r\n\r\nhello\r\n.dot\r\n"


def client(postfix: Postfix, certificates: Certificates) -> aiosmtplib.SMTP:
    """A real client that starts TLS and does not log in by itself."""
    context = certificates.client_context()
    return aiosmtplib.SMTP(hostname="localhost", port=postfix.port, start_tls=True, tls_context=context)


async def test_delivers_after_a_password(postfix: Postfix, certificates: Certificates):
    """With the right password a mail to two recipients lies in both mailboxes, content unchanged but for line ends."""
    async with client(postfix, certificates) as smtp:
        await smtp.login(MAILBOX, PASSWORD)
        await smtp.sendmail(MAILBOX, ["alice@contoso.com", "Bob@example.com"], MAIL)
    for recipient in ("alice@contoso.com", "bob@example.com"):
        (mail,) = await postfix.mails_arrive(recipient)
        assert mail.endswith(b"\n\nhello\n.dot\n")
        assert b"\nSubject: scan\n" in mail
        assert b"with ESMTPSA" in mail
    assert postfix.mails("carol@contoso.com") == []
    assert len(postfix.all_mails()) == 2


async def test_delivers_after_a_token(postfix: Postfix, entra: Entra, certificates: Certificates):
    """A token of the Entra peer logs in by XOAUTH2, because Dovecot really asks about it."""
    async with client(postfix, certificates) as smtp:
        await smtp.auth_xoauth2(MAILBOX, entra.issue())
        await smtp.sendmail(MAILBOX, ["alice@contoso.com"], MAIL)
    assert len(await postfix.mails_arrive("alice@contoso.com")) == 1
    assert entra.introspections >= 1


@pytest.mark.parametrize("fault", ["expired", "revoked", "another audience", "another mailbox", "invented"])
async def test_a_bad_token_is_refused(postfix: Postfix, entra: Entra, certificates: Certificates, fault: str):
    """A token that is not good for this mailbox, here and now, does not log in."""
    entra.token_life_s = -1 if fault == "expired" else 3600
    scope = (
        "https://graph.microsoft.com/.default"
        if fault == "another audience"
        else "https://outlook.office365.com/.default"
    )
    token = entra.issue("other@contoso.com" if fault == "another mailbox" else MAILBOX, scope)
    if fault == "revoked":
        entra.revoke()
    async with client(postfix, certificates) as smtp:
        with pytest.raises(aiosmtplib.SMTPAuthenticationError) as refused:
            await smtp.auth_xoauth2(MAILBOX, "invented" if fault == "invented" else token)
    assert refused.value.code == 535


async def test_failed_logins_are_counted(postfix: Postfix, certificates: Certificates):
    """One wrong password is one failed login in Dovecot's own log."""
    assert postfix.dovecot is not None
    before = postfix.dovecot.failed_logins()
    async with client(postfix, certificates) as smtp:
        with pytest.raises(aiosmtplib.SMTPAuthenticationError):
            await smtp.auth_login(MAILBOX, "wrong")
    assert postfix.dovecot.failed_logins() == before + 1


async def test_demands_tls_and_login(postfix: Postfix, certificates: Certificates):
    """Nothing is taken in the clear, and nothing before a login."""
    async with aiosmtplib.SMTP(hostname="localhost", port=postfix.port, start_tls=False) as plain:
        with pytest.raises(aiosmtplib.SMTPSenderRefused, match="STARTTLS"):
            await plain.sendmail(MAILBOX, ["alice@contoso.com"], MAIL)
    async with client(postfix, certificates) as smtp:
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
            await smtp.sendmail(MAILBOX, ["alice@contoso.com"], MAIL)
    assert postfix.all_mails() == []


def test_relays_by_address_for_its_domains_only(server_certificate: Certificate, certificates: Certificates):
    """Without logins it is a connector: any sender, the listed domains, and 554 for the rest."""
    with Postfix(server_certificate, domains=["contoso.com"]) as postfix:
        with smtplib.SMTP("localhost", postfix.port) as smtp:
            smtp.starttls(context=certificates.client_context())
            smtp.ehlo()
            assert not smtp.has_extn("auth")
            refused = smtp.sendmail("any@contoso.com", ["alice@contoso.com", "x@elsewhere.test"], MAIL)
        assert {who: reply[0] for who, reply in refused.items()} == {"x@elsewhere.test": 554}
        assert len(postfix.wait_for_mails("alice@contoso.com")) == 1


def test_relays_for_a_client_certificate(server_certificate: Certificate, certificates: Certificates):
    """With an authority for clients, one that shows its certificate may send and one that shows none may not."""
    with Postfix(server_certificate, client_authority=certificates.authority_file) as postfix:
        with smtplib.SMTP("localhost", postfix.port) as smtp:
            smtp.starttls(context=certificates.client_context(certificates.client()))
            smtp.sendmail("any@contoso.com", ["alice@contoso.com"], MAIL)
        with smtplib.SMTP("localhost", postfix.port) as smtp:
            smtp.starttls(context=certificates.client_context())
            with pytest.raises((smtplib.SMTPException, ssl.SSLError)):
                smtp.sendmail("any@contoso.com", ["alice@contoso.com"], MAIL)
        assert len(postfix.wait_for_mails("alice@contoso.com")) == 1


def test_keeps_its_port_and_mail_when_down(server_certificate: Certificate, certificates: Certificates):
    """A server stopped and started again serves the same port and still has its mail; closed, it leaves nothing."""
    with Postfix(server_certificate) as postfix:
        for expected in (1, 2):
            with smtplib.SMTP("localhost", postfix.port) as smtp:
                smtp.starttls(context=certificates.client_context())
                smtp.sendmail("any@contoso.com", ["alice@contoso.com"], MAIL)
            assert len(postfix.wait_for_mails("alice@contoso.com", expected)) == expected
            postfix.stop()
            assert not is_listening(postfix.port)
            postfix.start()
        folder = postfix.folder
        assert postfix._process is not None
        group = postfix._process.pid
    assert not folder.exists()
    assert group_members(group) == []


def test_limits_connections(server_certificate: Certificate):
    """Over its limit a further connection is told 421 while the others go on."""
    with (
        Postfix(server_certificate, connections_at_once=2) as postfix,
        smtplib.SMTP("localhost", postfix.port) as first,
        smtplib.SMTP("localhost", postfix.port),
    ):
        with pytest.raises(smtplib.SMTPConnectError) as refused:
            smtplib.SMTP("localhost", postfix.port)
        assert refused.value.smtp_code == 421
        assert first.noop()[0] == 250


def test_takes_further_parameters(server_certificate: Certificate, certificates: Certificates):
    """A line of main.cf wins: here one sender is throttled with Exchange's own words."""
    rule = "check_sender_access inline:{{busy@contoso.com = 432 4.3.2 Concurrent connections limit exceeded}}"
    with Postfix(server_certificate, parameters={"smtpd_sender_restrictions": rule}) as postfix:
        with smtplib.SMTP("localhost", postfix.port) as smtp:
            smtp.starttls(context=certificates.client_context())
            with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
                smtp.sendmail("busy@contoso.com", ["alice@contoso.com"], MAIL)
        ((code, text),) = refused.value.recipients.values()
        assert code == 432
        assert b"Concurrent connections limit exceeded" in text


@pytest.mark.parametrize("protocol", ["TLSv1", "TLSv1.1"])
def test_can_be_too_old(server_certificate: Certificate, certificates: Certificates, protocol: str):
    """With old protocols only, a careful client refuses it and a careless one gets in."""
    old = Postfix(server_certificate, tls_protocols=protocol, legacy_tls=True)
    with old as postfix:
        with smtplib.SMTP("localhost", postfix.port) as smtp, pytest.raises(ssl.SSLError):
            smtp.starttls(context=certificates.client_context())
        with smtplib.SMTP("localhost", postfix.port) as smtp:
            smtp.starttls(context=certificates.careless_client_context())
            assert isinstance(smtp.sock, ssl.SSLSocket)
            assert smtp.sock.version() == protocol


def test_bad_settings_are_told(server_certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A Postfix that cannot start raises its own complaint and leaves no folder."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(RuntimeError, match=r"mail_owner.*no-such-account"):
        Postfix(server_certificate, parameters={"mail_owner": "no-such-account"})
    assert list(tmp_path.iterdir()) == []


def test_a_wait_that_fails_shows_the_log(server_certificate: Certificate):
    """A mail that does not come is reported with Postfix's own log."""
    with Postfix(server_certificate) as postfix:
        wait_until(lambda: "daemon started" in postfix.log_text(), 10, "the log")
        with pytest.raises(TimeoutError, match=r"(?s)1 mails for nobody@contoso.com.*daemon started"):
            postfix.wait_for_mails("nobody@contoso.com", timeout_s=0.05)
