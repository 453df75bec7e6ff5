"""Upstream TLS is 1.2 or newer and verified; there is no way to plain text."""

import contextlib
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.path.box import Box
from tests.path.upstreams import direct_send
from tests.peers import mailbox, scans
from tests.peers.certificates import Certificates
from tests.peers.exchange import Exchange
from tests.peers.postfix import Postfix


@contextlib.contextmanager
def unsafe(kind: str, certificates: Certificates) -> Iterator[Postfix]:
    """A Postfix that a careful client must refuse, for one reason."""
    shown = certificates.server()
    match kind:
        case "TLS 1.0" | "TLS 1.1":
            version = kind.replace("TLS 1.0", "TLSv1").replace("TLS 1.1", "TLSv1.1")
            made = Postfix(shown, tls_protocols=version, legacy_tls=True)
        case "no STARTTLS":
            made = Postfix(shown, parameters={"smtpd_tls_security_level": "none"})
        case "wrong name":
            made = Postfix(certificates.server("elsewhere.example.org"))
        case "unknown authority":
            made = Postfix(certificates.of_unknown_authority())
        case "expired":
            made = Postfix(certificates.expired())
        case _:
            raise AssertionError(kind)
    with made as server:
        yield server


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("TLS 1.0", "TLS"),
        ("TLS 1.1", "TLS"),
        ("no STARTTLS", "offers no STARTTLS"),
        ("wrong name", "certificate"),
        ("unknown authority", "certificate"),
        ("expired", "certificate"),
    ],
)
def test_refused_and_kept(kind: str, said: str, make_box: Callable[..., Box], certificates: Certificates):
    """An unsafe smarthost gets nothing; the scan waits, and queue and status say why."""
    with unsafe(kind, certificates) as server:
        box = make_box(direct_send(server.port, certificates.authority_file))
        box.start()
        (box.share / "scan.tif").write_bytes(scans.tiff_g4())
        box.waits_for_event("job-deferred")
        (job,) = box.queue()
        assert (job["state"], job["attempts"]) == ("deferred", 0)
        assert said in job["reason"]
        (route,) = box.status()["routes"]
        assert said in route["said"]
        box.stop()
        assert server.all_mails() == []
        assert "from=<" not in server.log_text()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_modern_versions_are_spoken(
    version: ssl.TLSVersion, make_box: Callable[..., Box], certificates: Certificates, tmp_path: Path
):
    """TLS 1.2 and 1.3 are spoken."""
    context = certificates.server().server_context()
    context.minimum_version = context.maximum_version = version
    async with Exchange(context, needs_login=False) as server:
        box = make_box(direct_send(server.port, certificates.authority_file))
        box.start()
        (box.share / "scan.tif").write_bytes(scans.tiff_g4())
        (message,) = await server.received(1, timeout_s=30)
        assert mailbox.only_pdf(message.content).startswith(b"%PDF-")
        box.stop()
