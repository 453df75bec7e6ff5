"""A device that knows only TLS 1.0, and an upstream that must not: the whole service between them."""

from collections.abc import Callable
from email.message import EmailMessage

import pytest

from gateway.arrive.lan_tls import OWN
from tests.path.box import Box
from tests.path.upstreams import direct_send
from tests.peers import mailbox, scans
from tests.peers.certificates import Certificates
from tests.peers.loopback import free_port
from tests.peers.openssl_client import s_client
from tests.peers.postfix import Postfix


def old_listener(port: int) -> str:
    """A listener that admits everything old."""
    return f"""
[[smtp]]
name = "old"
listen = "127.0.0.1:{port}"
clients = ["127.0.0.1"]
recipients = ["contoso.com"]
tls = "starttls"
legacy_tls = true
"""


def said() -> bytes:
    """A whole session of the device behind STARTTLS, in one go."""
    mail = EmailMessage()
    mail["Subject"] = "Scan"
    mail.add_attachment(scans.tiff_g4(), maintype="image", subtype="tiff", filename="scan.tif")
    message = mail.as_bytes().replace(b"\n", b"\r\n")
    return b"MAIL FROM:<>\r\nRCPT TO:<office@contoso.com>\r\nDATA\r\n" + message + b".\r\nQUIT\r\n"


@pytest.mark.parametrize("upstream", ["good", "TLS 1.0 only"])
def test_case_48_old_tls_ends_at_the_box(make_box: Callable[..., Box], certificates: Certificates, upstream: str):
    """Case 48: a scan that came over TLS 1.0 leaves over TLS 1.2 or newer, and not at all where there is only 1.0."""
    shown, port = certificates.server(), free_port()
    is_good = upstream == "good"
    with Postfix(shown) if is_good else Postfix(shown, tls_protocols="TLSv1", legacy_tls=True) as server:
        box = make_box(direct_send(server.port, certificates.authority_file), more=old_listener(port))
        box.start()
        printed = s_client(port, said(), "-starttls", "smtp", "-tls1")
        assert "250 2.0.0 Ok: taken as " in printed
        assert (box.state / OWN).stat().st_mode & 0o777 == 0o600
        if is_good:
            (mail,) = server.wait_for_mails("office@contoso.com", 1, timeout_s=60)
            assert mailbox.only_pdf(mail).startswith(b"%PDF-")
        else:
            box.waits_for_event("job-deferred")
            (job,) = box.queue()
            assert "TLS" in job["reason"]
        box.stop()
        assert is_good or server.all_mails() == []
