"""The failure notice, read back as a mail program does."""

import email
from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.deliver.notice import Failure, beside, compose, sentence
from gateway.deliver.own_mail import Letterhead
from gateway.spool.job import Fate, Job, JobId, Recipient, State
from tests.gateway.deliver.given import ADMIN, OFFICE, SENDER, addresses

AT = datetime(2026, 11, 23, 9, 2, 57, tzinfo=UTC)
JOB = JobId("20261123T090257Z-k7q2")
A, B, C = addresses("a@contoso.com", "b@contoso.com", "c@contoso.com")


def _job(*recipients: Recipient, reason: str = "", state: State = State.FAILED, is_uncertain: bool = False) -> Job:
    at = AT.timestamp()
    facts = (at, at, "share/scans", "scan.pdf", 0, 0.0, reason, False, is_uncertain, 100, 1)
    return Job(JOB, state, *facts, recipients)


def _failure(job: Job, *names: str, kept_in: str = "/var/lib/scangate/spool/failed") -> Failure:
    return Failure(job, names or ("scan.pdf",), AT, kept_in)


def _read(failure: Failure) -> EmailMessage:
    mail = compose(failure, Letterhead(SENDER, (ADMIN, OFFICE), "box.example.org", "1-n@contoso.com", AT))
    assert mail.isascii()
    lines = mail.split(b"\r\n")
    assert b"\n" not in b"".join(lines)
    assert b"\r" not in b"".join(lines)
    assert max(map(len, lines)) <= 998
    message = email.message_from_bytes(mail, policy=default)
    assert [defect for part in message.walk() for defect in part.defects] == []
    return message


def test_the_headers_say_what_it_is():
    """From is the sender, To everybody told, and no machine answers it (RFC 3834 section 5)."""
    mail = _read(_failure(_job(Recipient(A, Fate.FAILED, "direct", "550 5.1.1 no"), reason="refused")))
    assert (mail["From"], mail["To"]) == (SENDER, f"{ADMIN}, {OFFICE}")
    assert mail["Subject"] == f"Scan not delivered ({JOB})"
    assert mail["Message-ID"] == "<1-n@contoso.com>"
    assert mail["Date"].datetime == AT
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["X-Auto-Response-Suppress"] == "All"


def test_the_text_says_what_a_person_needs():
    """The text names the scan, when it came, why it failed, whom it missed, where it is kept, and what to do."""
    job = _job(Recipient(A, Fate.FAILED, "direct", "550 5.1.1 no such mailbox"), reason="a@contoso.com: 550 5.1.1 no")
    text = _read(_failure(job, "scan 1.pdf", "scan 2.pdf")).get_content()
    for word in (
        "This scan was not delivered: a@contoso.com: 550 5.1.1 no",
        "scan 1.pdf, scan 2.pdf",
        "2026-11-23 09:02:57 UTC",
        "share/scans",
        f"scangate show {JOB}",
        "a@contoso.com: failed 550 5.1.1 no such mailbox",
        "/var/lib/scangate/spool/failed",
        "Please scan it again.",
        "box.example.org",
    ):
        assert word in text


def test_a_part_of_the_recipients_is_told_apart():
    """When some got the scan the notice says who did and who did not."""
    job = _job(Recipient(A, Fate.SENT, "up", "250 ok"), Recipient(B, Fate.FAILED, "up", "550 no"), reason="b: 550 no")
    assert sentence(_failure(job)) == "This scan reached a@contoso.com, but not b@contoso.com: b: 550 no"
    text = _read(_failure(job)).get_content()
    assert "a@contoso.com: sent 250 ok" in text
    assert "b@contoso.com: failed 550 no" in text


def test_a_quarantined_scan_needs_the_administrator():
    """What could not be understood is for the administrator, and nobody is asked to scan again."""
    text = _read(_failure(_job(reason="envelope.json is missing", state=State.QUARANTINE))).get_content()
    assert "The box's administrator should look at it." in text
    assert "scan it again" not in text


def test_a_scan_that_may_have_arrived_says_so():
    """After an uncertain transfer nobody is told flatly that the scan did not arrive."""
    job = _job(Recipient(A, Fate.FAILED, "up", "over"), reason="not delivered within 5 days", is_uncertain=True)
    assert "may have arrived all the same" in _read(_failure(job)).get_content()
    assert "may have arrived" not in _read(_failure(_job(Recipient(A, Fate.FAILED)))).get_content()


def test_a_scan_that_is_gone_is_not_claimed_to_be_kept():
    """Without a directory the notice does not send anybody to one."""
    assert "The scan is no longer on the box." in _read(_failure(_job(), kept_in="")).get_content()


NASTY = st.text(max_size=60) | st.sampled_from(
    ["\r\n.\r\n", "a\r\nBcc: x@y.org", "\udcff\udc80", "\x00", "ä" * 500, "x" * 3000]
)


@given(NASTY, NASTY, NASTY)
def test_any_name_reason_and_reply_make_a_whole_mail(name: str, reason: str, reply: str):
    """Whatever a device and a host have said, the notice is one well-formed mail with our own headers only."""
    mail = _read(_failure(_job(Recipient(C, Fate.FAILED, "up", reply), reason=reason), name))
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
            "Content-Transfer-Encoding",
            "MIME-Version",
        ]
    )
    assert str(JOB) in mail.get_content()


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
    assert "Please scan it again, in a way that says who gets it." in _read(_failure(job)).get_content()


def test_who_was_refused_needs_the_administrator():
    """To scan again helps nobody whom the mail server refuses: the text says whom, and who mends that."""
    job = _job(
        Recipient(A, Fate.FAILED, "direct", "550 5.1.10 no"), Recipient(B, Fate.SENT, "direct", "250"), reason="no"
    )
    assert "The mail server refused a@contoso.com: have that" in beside(_failure(job), AT)
