"""What a real Postfix says behind the whole message: a fault of the route holds the scan, and burns nothing."""

from pathlib import Path

from gateway.spool.job import State
from tests.gateway.deliver.given import OFFICE, box, config, direct
from tests.peers.certificates import Certificate
from tests.peers.postfix import Postfix


async def test_no_send_as_behind_the_body_holds_the_scan(server_certificate: Certificate, tmp_path: Path):
    """Row 22: 550 5.7.60 behind the body pauses the route with what to do; the scan waits and loses no attempt."""
    refused = (
        "check_sender_access inline:{{scanner@contoso.com=550 5.7.60 SMTP; no permissions to send as this sender}}"
    )
    with Postfix(server_certificate, parameters={"smtpd_end_of_data_restrictions": refused}) as connector:
        async with box(config(tmp_path, direct(connector.port, server_certificate.authority))) as opened:
            job = await opened.deliver(opened.ready())
            assert (job.state, job.attempts, job.is_uncertain) == (State.DEFERRED, 0, False)
            assert "5.7.60" in job.reason
            assert "Send As" in opened.traffic.pauses()["direct-send"].advice
            assert connector.mails(OFFICE) == []
