"""Mails of ours that come back."""

import email
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.spool.job import JobId
from gateway.spool.loop import OWN_SCAN, ROUND, came_back, trace
from gateway.spool.untold import UNTOLD

SCAN, NOTICE = JobId("20261123T090257Z-k7q2"), JobId("20261123T090257Z-k7q2-n")
HOP = "Received: from a.example by b.example with ESMTP id 1234; Mon, 23 Nov 2026 09:02:57 +0000\n"


def own_hop(job_id: JobId) -> str:
    """The line every mail of ours begins with."""
    return f"Received: {trace('box.example.org', job_id, datetime(2026, 11, 23, 9, 2, 57, tzinfo=UTC))}\n"


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ("Subject: Scan\n", ""),
        (HOP * 30, ""),
        ("Message-ID: <1234.5678@printer>\nAuto-Submitted: auto-generated\n", ""),
        ("Message-ID: <20261123T090257Z@printer>\n", ""),
        (f"References: <{SCAN}@contoso.com>\n", ""),
        (f"Message-ID: <{SCAN}@contoso.com>\n", OWN_SCAN),
        (f"Message-ID:\n <{SCAN}-p2@elsewhere.example>\n", OWN_SCAN),
        (HOP + own_hop(SCAN), OWN_SCAN),
        (HOP + own_hop(SCAN).replace("; ", ";\n  ") + "Message-ID: <new@fabrikam.com>\n", OWN_SCAN),
        (f"Message-ID: <{NOTICE}@contoso.com>\n", UNTOLD),
        (own_hop(NOTICE), UNTOLD),
        (f"Message-ID: <{SCAN}@contoso.com>\n" + own_hop(NOTICE), UNTOLD),
        ("Auto-Submitted: auto-replied\n", ""),
        ('Content-Type: multipart/report; report-type="delivery-status"; boundary=x\n', UNTOLD),
        (HOP * 31, ROUND),
        (HOP * 31 + own_hop(SCAN), OWN_SCAN),
    ],
)
def test_what_comes_back_is_known(headers: str, reason: str):
    """Our own scans, automatic answers and what went round too often are told from what a device writes."""
    assert came_back(email.message_from_string(headers + "\n")) == reason


@given(st.lists(st.tuples(st.sampled_from(["Received", "Message-ID", "Auto-Submitted", "Content-Type"]), st.binary())))
def test_any_headers_are_judged(headers: list[tuple[str, bytes]]):
    """Whatever stands in them, headers come back or do not."""
    data = b"".join(key.encode() + b": " + value.replace(b"\n", b"") + b"\n" for key, value in headers)
    assert came_back(email.message_from_bytes(data)) in {"", OWN_SCAN, UNTOLD, ROUND}


def test_the_trace_names_the_box_and_the_job_only():
    """No address of the network inside leaves with a mail."""
    assert own_hop(SCAN) == (
        "Received: by box.example.org (scangate) id 20261123T090257Z-k7q2; Mon, 23 Nov 2026 09:02:57 +0000\n"
    )
