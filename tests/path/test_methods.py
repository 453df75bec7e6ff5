"""The three methods of Office 365, each over the same session code to a real host."""

import smtplib
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.path.box import Box
from tests.path.upstreams import by_password, by_token, direct_send, relay
from tests.peers import mailbox, scans
from tests.peers.certificates import Certificate, Certificates
from tests.peers.entra import Entra
from tests.peers.postfix import Postfix


def scan_to(box: Box, *recipients: str) -> dict[str, tuple[int, bytes]]:
    """Mail one TIFF through the box; return the recipients it refused."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "printer@contoso.com", ", ".join(recipients), "Scan"
    mail.add_attachment(scans.tiff_g4(), maintype="image", subtype="tiff", filename="scan.tif")
    with smtplib.SMTP("127.0.0.1", box.smtp_port, timeout=30) as device:
        return device.sendmail("printer@contoso.com", list(recipients), mail.as_bytes())


def test_client_auth_with_a_token(
    make_box: Callable[..., Box], postfix: Postfix, entra: Entra, certificates: Certificates, secret_file: Path
):
    """Method 1 fetches a token over https, logs in by XOAUTH2, and uses the token again for the next scan."""
    box = make_box(by_token(postfix.port, certificates.authority_file, entra, secret_file))
    box.start()
    assert scan_to(box, "alice@contoso.com") == {}
    assert scan_to(box, "alice@contoso.com") == {}
    for mail in postfix.wait_for_mails("alice@contoso.com", 2, timeout_s=40):
        assert mailbox.only_pdf(mail).startswith(b"%PDF-")
    assert [request.grant for request in entra.token_requests] == ["client_credentials"]
    assert entra.introspections >= 1


def test_client_auth_with_a_password(
    make_box: Callable[..., Box], postfix: Postfix, certificates: Certificates, password_file: Path
):
    """Method 1 as legacy logs in with the password by AUTH LOGIN."""
    box = make_box(by_password(postfix.port, certificates.authority_file, password_file))
    box.start()
    scan_to(box, "alice@contoso.com")
    postfix.wait_for_mails("alice@contoso.com", 1)
    assert "sasl_method=LOGIN" in postfix.log_text()


@pytest.mark.parametrize("by", ["password", "token"])
def test_high_volume(
    make_box: Callable[..., Box],
    postfix: Postfix,
    entra: Entra,
    certificates: Certificates,
    password_file: Path,
    secret_file: Path,
    by: str,
):
    """A High Volume Email account logs in either way; a recipient outside `domains` is refused at arrival."""
    authority = certificates.authority_file
    table = (
        by_password(postfix.port, authority, password_file)
        if by == "password"
        else by_token(postfix.port, authority, entra, secret_file)
    )
    table = table.replace('"client-auth"', '"high-volume"') + 'domains = ["contoso.com"]\n'
    box = make_box(table, recipients=["contoso.com", "bob@contoso.com"])
    box.start()
    refused = scan_to(box, "alice@contoso.com", "eve@fabrikam.com")
    assert list(refused) == ["eve@fabrikam.com"]
    (mail,) = postfix.wait_for_mails("alice@contoso.com", 1)
    assert mailbox.only_pdf(mail).startswith(b"%PDF-")
    assert ("sasl_method=LOGIN" if by == "password" else "sasl_method=XOAUTH2") in postfix.log_text()


def test_direct_send(make_box: Callable[..., Box], server_certificate: Certificate, certificates: Certificates):
    """Method 2 logs in nowhere; a recipient outside `domains` is refused at arrival, the others get the scan."""
    with Postfix(server_certificate) as endpoint:
        upstream = direct_send(endpoint.port, certificates.authority_file)
        box = make_box(upstream, recipients=["contoso.com", "bob@contoso.com"])
        box.start()
        refused = scan_to(box, "alice@contoso.com", "eve@fabrikam.com")
        assert list(refused) == ["eve@fabrikam.com"]
        assert refused["eve@fabrikam.com"][0] == 550
        (mail,) = endpoint.wait_for_mails("alice@contoso.com", 1)
        assert mailbox.only_pdf(mail).startswith(b"%PDF-")
        assert "sasl_method" not in endpoint.log_text()
        box.stop()


def test_check_knows_what_direct_send_cannot_carry(make_box: Callable[..., Box], certificates: Certificates):
    """A listener that admits a recipient no upstream may carry is a mistake that `check` names with line and key."""
    box = make_box(direct_send(25, certificates.authority_file), recipients=["contoso.com", "eve@fabrikam.com"])
    answer = box.command("check")
    assert answer.returncode == 3
    assert "fabrikam.com" in answer.stderr
    assert "smtp[0].recipients[1]" in answer.stderr


def test_relay_by_address(make_box: Callable[..., Box], server_certificate: Certificate, certificates: Certificates):
    """Method 3 by IP logs in nowhere and reaches any recipient."""
    with Postfix(server_certificate) as endpoint:
        box = make_box(relay(endpoint.port, certificates.authority_file), recipients=["contoso.com", "fabrikam.com"])
        box.start()
        assert scan_to(box, "alice@contoso.com", "eve@fabrikam.com") == {}
        assert len(endpoint.wait_for_mails("eve@fabrikam.com", 1)) == 1
        assert len(endpoint.wait_for_mails("alice@contoso.com", 1)) == 1
        box.stop()


@pytest.mark.parametrize("is_shown", [True, False])
def test_relay_by_certificate(
    *, is_shown: bool, make_box: Callable[..., Box], server_certificate: Certificate, certificates: Certificates
):
    """Method 3 by certificate is let in when it shows the certificate, and is deferred, not lost, when it does not."""
    shown = certificates.client("box.contoso.com") if is_shown else None
    with Postfix(server_certificate, client_authority=certificates.authority_file) as endpoint:
        box = make_box(relay(endpoint.port, certificates.authority_file, shown))
        box.start()
        scan_to(box, "alice@contoso.com")
        if is_shown:
            endpoint.wait_for_mails("alice@contoso.com", 1)
        else:
            box.waits_for_event("job-deferred")
            (job,) = box.queue()
            assert job["state"] == "deferred"
            assert endpoint.all_mails() == []
        box.stop()
