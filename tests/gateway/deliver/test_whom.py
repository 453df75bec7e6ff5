"""Who hears of a failure: the person who scanned and the admins, nobody who was made up, nobody who was refused."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from conf.model import Address
from gateway.deliver.whom import whom
from gateway.spool.envelope import Envelope, Origin, Original, OriginKind
from gateway.spool.job import Fate, Job, JobId, Recipient, State
from tests.gateway.deliver.given import ADMIN, OFFICE, SENDER, addresses, config

AT = datetime(2026, 11, 23, 9, 2, 57, tzinfo=UTC)
ALICE, BOB, STRANGER, NAMELESS = addresses("alice@contoso.com", "bob@contoso.com", "victim@else.org", "printer@local")
SMTP = Origin(OriginKind.SMTP, "scanners", "192.168.1.40")
SHARE = Origin(OriginKind.SHARE, "people")


def _whom(
    *recipients: Recipient,
    origin: Origin = SMTP,
    sender: Address | None = None,
    reply_to: Address | None = None,
    folder: str = "",
    admin: tuple[Address, ...] = (ADMIN,),
) -> tuple[Address, ...]:
    tables: dict[str, Any] = {
        "gateway": {"name": "box.example.org", "state": "/tmp/state", "admin": list(admin)},
        "smtp": [
            {"name": "scanners", "listen": "127.0.0.1:0", "clients": ["127.0.0.1"], "recipients": ["contoso.com"]}
        ],
        "share": [
            {
                "name": "people",
                "path": "/tmp/share",
                "folders": "address",
                "domain": "contoso.com",
                "recipients": ["contoso.com"],
            }
        ],
    }
    settings = config(Path("/tmp"), {"method": "maildir", "path": "/tmp/mail"}, **tables)
    job_id = JobId("20261123T090257Z-k7q2")
    named = tuple(one.address for one in recipients) or (OFFICE,)
    original = Original("0001", "scan.pdf", 1, "", folder)
    envelope = Envelope(job_id, AT, origin, sender, named, (original,), f"{job_id}@contoso.com")
    at = AT.timestamp()
    facts = (at, at, str(origin), "scan.pdf", 0, 0.0, "", False, False, 100, 1)
    return whom(settings, Job(job_id, State.FAILED, *facts, recipients), envelope, reply_to)


DAMAGED = Recipient(OFFICE, Fate.FAILED, "", "The scan is damaged.")
REFUSED = Recipient(ALICE, Fate.FAILED, "up", "550 5.1.10 RecipientNotFound")
TOO_LARGE = Recipient(ALICE, Fate.FAILED, "up", "552 5.3.4 too large")


@pytest.mark.parametrize(
    ("sender", "reply_to", "told"),
    [
        (ALICE, None, (ALICE, ADMIN)),
        (ALICE, BOB, (BOB, ADMIN)),
        (ALICE, STRANGER, (ALICE, ADMIN)),
        (STRANGER, BOB, (BOB, ADMIN)),
        (STRANGER, STRANGER, (ADMIN,)),
        (None, None, (ADMIN,)),
        (ALICE, SENDER, (ALICE, ADMIN)),
        (NAMELESS, None, (ADMIN,)),
    ],
)
def test_a_mailed_scan_is_told_to_whom_its_mail_names(
    sender: Address | None, reply_to: Address | None, told: tuple[Address, ...]
):
    """Reply-To before the return path; either only if the device may write to it, and Reply-To not if it is our own."""
    assert _whom(DAMAGED, sender=sender, reply_to=reply_to) == told


@pytest.mark.parametrize(
    ("folder", "told"),
    [
        ("alice", (ALICE, ADMIN)),
        ("alice@contoso.com", (ALICE, ADMIN)),
        ("victim@else.org", (ADMIN,)),
        ("New folder", (ADMIN,)),
        ("", (ADMIN,)),
    ],
)
def test_the_owner_of_the_folder_hears_of_its_scans(folder: str, told: tuple[Address, ...]):
    """Where folders are people, the person whose folder it lay in is told, if the share may write there."""
    assert _whom(DAMAGED, origin=SHARE, folder=folder) == told


def test_who_was_refused_hears_nothing_by_mail():
    """The server has just refused that address: the share and the admin have to do. A smaller mail would reach it."""
    assert _whom(REFUSED, origin=SHARE, folder="alice") == (ADMIN,)
    assert _whom(REFUSED, origin=SHARE, folder="alice", admin=()) == ()
    assert _whom(TOO_LARGE, origin=SHARE, folder="alice") == (ALICE, ADMIN)
    assert _whom(REFUSED, sender=ALICE, reply_to=ALICE) == (ADMIN,)
    assert _whom(REFUSED, sender=BOB, reply_to=ALICE) == (BOB, ADMIN)


def test_without_anybody_else_those_who_wait_hear():
    """No admin, no sender: the recipients whom nobody refused."""
    assert _whom(DAMAGED, REFUSED, admin=()) == (OFFICE,)
