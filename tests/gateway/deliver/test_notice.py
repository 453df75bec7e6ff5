"""The failure notice, read back as a mail program does."""

import email
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.deliver.notice import NO_HOSTS, Failure, beside, compose, sentence
from gateway.deliver.own_mail import Letterhead
from gateway.spool.job import Fate, Job, JobId, Recipient, State
from tests.gateway.deliver.given import ADMIN, OFFICE, SENDER, addresses
from tests.peers import readers

AT = datetime(2026, 11, 23, 9, 2, 57, tzinfo=UTC)
JOB = JobId("20261123T090257Z-k7q2")
A, B, C = addresses("a@contoso.com", "b@contoso.com", "c@contoso.com")


def _job(*recipients: Recipient, reason: str = "", state: State = State.FAILED, is_uncertain: bool = False) -> Job:
    at = AT.timestamp()
    facts = (at, at, "share/scans", "scan.pdf", 0, 0.0, reason, False, is_uncertain, 100, 1)
    return Job(JOB, state, *facts, recipients)


def _failure(job: Job, *names: str, kept_in: str = "/var/lib/scangate/spool/failed") -> Failure:
    return Failure(job, names or ("scan.pdf",), AT, kept_in)


def _read(failure: Failure, hosts: Mapping[str, str] = NO_HOSTS) -> EmailMessage:
    mail = compose(failure, Letterhead(SENDER, (ADMIN, OFFICE), "box.example.org", "1-n@contoso.com", AT), hosts)
    assert mail.isascii()
    lines = mail.split(b"\r\n")
    assert b"\n" not in b"".join(lines)
    assert b"\r" not in b"".join(lines)
    assert max(map(len, lines)) <= 998
    message = email.message_from_bytes(mail, policy=default)
    assert [defect for part in message.walk() for defect in part.defects] == []
    return message


def _text(failure: Failure) -> str:
    body = _read(failure).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_the_headers_say_what_it_is():
    """From is the sender, To everybody told, and no machine answers it (RFC 3834 section 5)."""
    mail = _read(_failure(_job(Recipient(A, Fate.FAILED, "direct", "550 5.1.1 no"), reason="refused")))
    assert (mail["From"], mail["To"]) == (SENDER, f"{ADMIN}, {OFFICE}")
    assert mail["Subject"] == f"Scan not delivered ({JOB})"
    assert mail["Message-ID"] == "<1-n@contoso.com>"
    assert mail["Date"].datetime == AT
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["X-Auto-Response-Suppress"] == "All"


def test_plain_words_come_first_and_what_the_administrator_needs_below():
    """Above: which scan, why in plain words, what to do. Below: replies, the job, where it is kept, the commands."""
    said = "550 5.1.10 RESOLVER.ADR.RecipientNotFound"
    job = _job(Recipient(A, Fate.FAILED, "direct", f"{said} (There is no such mailbox.)"), reason=f"{A}: {said}")
    above, _, below = _text(_failure(job, "scan 1.pdf", "scan 2.pdf")).partition("For the administrator:")
    assert above.splitlines() == [
        "A scan was not delivered.",
        "",
        "Scan:    scan 1.pdf, scan 2.pdf",
        "Scanned: 2026-11-23 09:02:57 UTC",
        "For:     a@contoso.com",
        "Why:     There is no such mailbox.",
        "",
        "What to do:",
        "The mail server refused a@contoso.com: have that address checked. Please scan it again.",
        "",
        "",
    ]
    for word in (
        f"This scan was not delivered: {A}: {said}",
        "share/scans",
        f'"scangate show {JOB}"',
        '"scangate queue"',
        f"journalctl -u scangate | grep {JOB}",
        f"{A}: failed {said}",
        "/var/lib/scangate/spool/failed",
        "box.example.org",
    ):
        assert word in below


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("550 no", "The mail server refused it; the administrator finds its words below."),
        ("The file is cut short.", "The file is cut short."),
        ("not delivered within 5 days; last: 421 4.3.2 no", "It could not be delivered in time: not delivered within"),
        ("", "no reason is known"),
    ],
)
def test_why_is_said_in_plain_words(reply: str, why: str):
    """What a server said stands below; a sentence of ours is plain already; the time that was over is named."""
    above = _text(_failure(_job(Recipient(A, Fate.FAILED, "", reply)))).partition("For the administrator:")[0]
    assert f"Why:     {why}" in above
    assert "421" not in above


def test_a_scan_that_is_too_large_is_not_called_a_wrong_address():
    """To scan again as before helps nobody, and the address is right: so the text asks for a smaller scan."""
    text = _text(_failure(_job(Recipient(A, Fate.FAILED, "up", "552 5.3.4 Message size exceeds limit"))))
    assert "lower resolution, or fewer pages" in text
    assert "have that address checked" not in text


def test_machines_read_each_recipient():
    """Python reads a delivery report with a block for the message and one for each recipient, then the headers."""
    job = _job(
        Recipient(A, Fate.SENT, "up", "250 2.6.0 Queued mail for delivery"),
        Recipient(B, Fate.FAILED, "up", f"550 5.1.10 RecipientNotFound {'x' * 300} (There is no such mailbox.)"),
    )
    headers = b"From: scanner@contoso.com\r\nSubject: scan\r\nMessage-ID: <1@contoso.com>\r\n"
    failure = Failure(job, ("scan.pdf",), AT, "", headers)
    mail = _read(failure, {"up": "mx.contoso.com"})
    assert mail.get_content_type() == "multipart/report"
    assert mail["Content-Type"].params["report-type"] == "delivery-status"
    _, status, of_scan = mail.iter_parts()
    message, first, second = status.iter_parts()
    assert dict(message.items()) == {
        "Reporting-MTA": "dns; box.example.org",
        "Arrival-Date": "Mon, 23 Nov 2026 09:02:57 +0000",
    }
    assert dict(first.items()) == {
        "Final-Recipient": "rfc822; a@contoso.com",
        "Action": "relayed",
        "Status": "2.6.0",
        "Remote-MTA": "dns; mx.contoso.com",
        "Diagnostic-Code": "smtp; 250 2.6.0 Queued mail for delivery",
    }
    assert second["Status"] == "5.1.10"
    assert second["Action"] == "failed"
    assert second["Diagnostic-Code"].startswith("smtp; 550 5.1.10 RecipientNotFound x")
    assert second["Last-Attempt-Date"] == "Mon, 23 Nov 2026 09:02:57 +0000"
    assert of_scan.get_content_type() == "text/rfc822-headers"
    assert email.message_from_string(of_scan.get_content())["Message-ID"] == "<1@contoso.com>"


def test_programs_people_use_read_it(tmp_path: Path):
    """The programs mblaze and Dovecot see the same three parts, and the text with an umlaut, that Python sees."""
    path = tmp_path / "notice"
    failure = Failure(_job(Recipient(A, Fate.FAILED, "up", "550 no")), ("Grüße.pdf",), AT, "", b"Subject: scan\r\n")
    path.write_bytes(compose(failure, Letterhead(SENDER, (ADMIN,), "box.example.org", "1-n@contoso.com", AT)))
    by_mblaze = readers.by_mblaze(path)
    kinds = [kind for kind, _ in by_mblaze.parts]
    assert kinds == ["text/plain", "message/delivery-status", "text/rfc822-headers"]
    assert "Scan:    Grüße.pdf" in (by_mblaze.text or "")
    assert [kind for kind, _ in readers.by_dovecot(path).parts] == kinds


def test_about_a_scan_for_nobody_it_is_plain_text():
    """The report's format wants a recipient: without one the notice is plain text that says the same."""
    mail = _read(_failure(_job(reason="Nobody can tell who gets this scan.")))
    assert mail.get_content_type() == "text/plain"
    assert "Why:     Nobody can tell who gets this scan." in mail.get_content()


def test_a_part_of_the_recipients_is_told_apart():
    """When some got the scan the notice says who did and who did not."""
    job = _job(Recipient(A, Fate.SENT, "up", "250 ok"), Recipient(B, Fate.FAILED, "up", "550 no"), reason="b: 550 no")
    assert sentence(_failure(job)) == "This scan reached a@contoso.com, but not b@contoso.com: b: 550 no"
    text = _text(_failure(job))
    assert "a@contoso.com: sent 250 ok" in text
    assert "b@contoso.com: failed 550 no" in text


def test_a_quarantined_scan_needs_the_administrator():
    """What could not be understood is for the administrator, and nobody is asked to scan again."""
    text = _text(_failure(_job(reason="envelope.json is missing", state=State.QUARANTINE)))
    assert "The box's administrator should look at it." in text
    assert "scan it again" not in text


def test_a_scan_that_may_have_arrived_says_so():
    """After an uncertain transfer nobody is told flatly that the scan did not arrive."""
    job = _job(Recipient(A, Fate.FAILED, "up", "over"), reason="not delivered within 5 days", is_uncertain=True)
    assert "may have arrived all the same" in _text(_failure(job))
    assert "may have arrived" not in _text(_failure(_job(Recipient(A, Fate.FAILED))))


def test_a_scan_that_is_gone_is_not_claimed_to_be_kept():
    """Without a directory the notice does not send anybody to one."""
    assert "The scan is no longer on the box." in _text(_failure(_job(), kept_in=""))


NASTY = st.text(max_size=60) | st.sampled_from(
    ["\r\n.\r\n", "a\r\nBcc: x@y.org", "\udcff\udc80", "\x00", "ä" * 500, "x" * 3000]
)


@given(NASTY, NASTY, NASTY)
def test_any_name_reason_and_reply_make_a_whole_mail(name: str, reason: str, reply: str):
    """Whatever a device and a host have said, the notice is one well-formed mail with our own headers only."""
    failure = _failure(_job(Recipient(C, Fate.FAILED, "up", reply), reason=reason), name)
    mail = _read(failure)
    assert sorted(mail.keys()) == sorted(
        [
            "Received",
            "From",
            "To",
            "Subject",
            "Date",
            "Message-ID",
            "Auto-Submitted",
            "X-Auto-Response-Suppress",
            "Content-Type",
            "MIME-Version",
        ]
    )
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "message/delivery-status"]
    assert str(JOB) in _text(failure)


@pytest.mark.parametrize("state", [State.FAILED, State.QUARANTINE])
def test_a_failure_without_reason_says_that(state: State):
    """A failure whose reason is not known says that none is known."""
    assert sentence(_failure(_job(state=state))).endswith("no reason is known")


def test_the_text_in_the_share_is_for_the_person_at_the_printer():
    """It says what happened, what to do, when in local time with its zone, and the job; each on lines of its own."""
    failed_at = datetime(2026, 11, 23, 11, 3, tzinfo=timezone(timedelta(hours=1), "CET"))
    text = beside(_failure(_job(Recipient(A, Fate.FAILED), reason="The file is cut short.")), failed_at)
    assert text.splitlines() == [
        "What happened:",
        "This scan was not delivered: The file is cut short.",
        "",
        "What to do:",
        "Please scan it again.",
        "",
        "Arrived: 2026-11-23 10:02 CET",
        "Failed:  2026-11-23 11:03 CET",
        f"Job:     {JOB} (name it when you ask your administrator)",
    ]


def test_a_scan_for_nobody_says_what_it_lacks():
    """Scanned again in the same way it would fail again: so the text asks for what was missing."""
    job = _job(reason="Nobody can tell who gets this scan: its sidecar names nobody.")
    assert "Please scan it again, in a way that says who gets it." in _text(_failure(job))


def test_who_was_refused_needs_the_administrator():
    """To scan again helps nobody whom the mail server refuses: the text says whom, and who mends that."""
    job = _job(
        Recipient(A, Fate.FAILED, "direct", "550 5.1.10 no"), Recipient(B, Fate.SENT, "direct", "250"), reason="no"
    )
    assert "The mail server refused a@contoso.com: have that" in beside(_failure(job), AT)
