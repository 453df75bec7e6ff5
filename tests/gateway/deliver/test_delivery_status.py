"""The status of each recipient, from what was said last of it."""

import email
from datetime import UTC, datetime
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.deliver.delivery_status import Reporter, compose_status, is_about_size, parted, status_of
from gateway.deliver.retry import Schedule, gave_up, last_said
from gateway.spool.job import Fate, Job, JobId, Recipient, State
from tests.gateway.deliver.given import addresses

AT = datetime(2026, 11, 23, 9, 2, 57, tzinfo=UTC)
(A,) = addresses("a@contoso.com")
LATE = gave_up(Schedule(60.0, 3600.0, 5 * 86400.0), "421 4.3.2 later")


def _job(*recipients: Recipient, state: State = State.FAILED) -> Job:
    at = AT.timestamp()
    facts = (at, at, "share/scans", "scan.pdf", 0, 0.0, "", False, False, 100, 1)
    return Job(JobId("20261123T090257Z-k7q2"), state, *facts, recipients)


@pytest.mark.parametrize(
    ("reply", "fate", "status"),
    [
        ("550 5.1.10 RESOLVER.ADR.RecipientNotFound", Fate.FAILED, "5.1.10"),
        ("550 5.1.1: unknown", Fate.FAILED, "5.1.1"),
        ("550 4.4.4 hosted tenant", Fate.FAILED, "5.4.4"),
        ("550 User unknown", Fate.FAILED, "5.0.0"),
        ("550", Fate.FAILED, "5.0.0"),
        ("550 5.7.12345 no", Fate.FAILED, "5.0.0"),
        ("552 too big", Fate.FAILED, "5.3.4"),
        ("mx takes messages up to 10 bytes, this one has 11", Fate.FAILED, "5.3.4"),
        ("no upstream of the configuration may carry mail to it", Fate.FAILED, "5.4.4"),
        ("The file is cut short.", Fate.FAILED, "5.0.0"),
        ("", Fate.FAILED, "5.0.0"),
        (LATE, Fate.FAILED, "4.4.7"),
        ("250 2.6.0 Queued", Fate.SENT, "2.6.0"),
        ("250 ok", Fate.SENT, "2.0.0"),
        ("written to /srv/mail/new/1", Fate.SENT, "2.0.0"),
    ],
)
def test_the_status_is_the_hosts_own_or_what_fits(reply: str, fate: Fate, status: str):
    """RFC 3463: the class follows from what became of the recipient, the rest from the reply."""
    assert status_of(reply, fate) == status


def test_a_fault_of_the_box_has_a_status_of_its_own():
    """What is in quarantine failed by the box, not by a mail server."""
    assert status_of("a fault of scangate", Fate.FAILED, State.QUARANTINE) == "5.3.0"


@pytest.mark.parametrize(
    ("reply", "said", "advice"),
    [
        ("550 5.1.1 no (There is no such mailbox.)", "550 5.1.1 no", "There is no such mailbox."),
        ("554 5.2.2 full (The mailbox (Sent Items) is full.)", "554 5.2.2 full", "The mailbox (Sent Items) is full."),
        ("550 5.1.1 no (state 13)", "550 5.1.1 no (state 13)", ""),
        ("550 no", "550 no", ""),
        ("A sentence (Of ours.)", "A sentence (Of ours.)", ""),
    ],
)
def test_the_advice_is_told_from_what_was_said(reply: str, said: str, advice: str):
    """The advice stands behind the reply in parentheses; parentheses of the host's own are no advice."""
    assert parted(reply) == (said, advice)


def test_a_lifetime_that_is_over_keeps_what_was_said_last():
    """The words of the host are found again behind the sentence about the time."""
    assert LATE == "not delivered within 5 days; last: 421 4.3.2 later"
    assert last_said(LATE) == "421 4.3.2 later"
    (block,) = _read(_job(Recipient(A, Fate.FAILED, "", LATE)))[1:]
    assert (block["Status"], block["Diagnostic-Code"]) == ("4.4.7", "smtp; 421 4.3.2 later")
    assert block["Last-Attempt-Date"] is not None


def test_what_a_maildir_holds_is_delivered():
    """A Maildir is the end of the way; a mail server goes on from there, and reports by itself."""
    (block,) = _read(_job(Recipient(A, Fate.SENT, "maildir", "written to /srv/mail/new/1")))[1:]
    assert (block["Action"], block["Remote-MTA"]) == ("delivered", None)
    (block,) = _read(_job(Recipient(A, Fate.SENT, "up", "250 ok")))[1:]
    assert (block["Action"], block["Remote-MTA"]) == ("relayed", "dns; mx.contoso.com")


def test_a_fault_of_ours_is_no_words_of_a_server():
    """Diagnostic-Code says whose words it has (RFC 3464 section 2.3.6), and nobody tried to deliver."""
    (block,) = _read(_job(Recipient(A, Fate.FAILED, "", "The file is cut short.")))[1:]
    assert block["Diagnostic-Code"] == "X-scangate; The file is cut short."
    assert block["Last-Attempt-Date"] is None


def test_size_is_no_matter_of_the_recipient():
    """Whoever was sent too large a mail can get a small one."""
    assert is_about_size("552 5.3.4 Message size exceeds fixed limit")
    assert not is_about_size("550 5.1.1 no such user")


def test_a_job_for_nobody_has_no_report():
    """The format wants a recipient."""
    with pytest.raises(ValueError, match="no recipient"):
        compose_status(_job(), AT, Reporter("box", {}))


@given(st.lists(st.tuples(st.text(max_size=400), st.sampled_from(Fate)), min_size=1, max_size=4))
def test_whatever_was_said_it_can_be_read(replies: list[tuple[str, Fate]]):
    """Any reply makes one block with a status, an action and no field of its own; all in ASCII, lines short."""
    blocks = _read(_job(*(Recipient(A, fate, "up", reply) for reply, fate in replies)))
    assert len(blocks) == 1 + len(replies)
    known = {"Final-Recipient", "Action", "Status", "Remote-MTA", "Diagnostic-Code", "Last-Attempt-Date"}
    for block in blocks[1:]:
        assert set(block.keys()) <= known
        assert block["Action"] in {"failed", "relayed"}
        assert [number.isdigit() for number in block["Status"].split(".")] == [True] * 3


def _read(job: Job) -> list[email.message.Message]:
    body = compose_status(job, AT, Reporter("box.example.org", {"up": "mx.contoso.com"}))
    assert body.isascii()
    assert max(map(len, body.split(b"\r\n"))) <= 78
    parsed = email.message_from_bytes(b"Content-Type: message/delivery-status\r\n\r\n" + body, policy=default)
    return list(parsed.iter_parts())
