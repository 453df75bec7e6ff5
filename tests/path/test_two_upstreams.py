"""Two ways out to two real smarthosts, the first of which refuses the login: who goes where, and back."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.spool.database import Database
from gateway.spool.journal import Journal
from gateway.spool.traffic import Pause, Traffic
from tests.path.box import DELIVERY, Box
from tests.path.test_methods import scan_to
from tests.path.upstreams import by_password, direct_send
from tests.peers.certificates import Certificate, Certificates
from tests.peers.fixtures import PASSWORD
from tests.peers.postfix import Postfix

ALICE, EVE = "alice@contoso.com", "eve@fabrikam.com"


def _failed_logins(postfix: Postfix) -> int:
    return postfix.log_text().count("authentication failed")


def _rest_is_over(box: Box) -> None:
    """Let an hour pass for a box that is stopped: what rests may be probed, what is deferred is due."""
    database = Database(box.state / "journal.db")
    traffic = Traffic(database)
    for name, pause in traffic.pauses().items():
        traffic.pause(name, Pause(time.time() - 1, pause.faults, pause.said, pause.advice))
    Journal(database).clamp(time.time(), 0)
    database.close()


@pytest.fixture
def two(make_box: Callable[..., Box], postfix: Postfix, server_certificate: Certificate, certificates: Certificates,
        password_file: Path):  # fmt: skip
    """A maker of boxes: client-auth with a wrong password, then direct-send for contoso.com at the second Postfix."""
    with Postfix(server_certificate) as endpoint:
        password_file.write_text("wrong\n", encoding="ascii")
        authority = certificates.authority_file
        upstreams = by_password(postfix.port, authority, password_file) + direct_send(endpoint.port, authority)

        def make(*, fallback: bool) -> tuple[Box, Postfix]:
            box = make_box(upstreams, recipients=["contoso.com", "fabrikam.com"])
            text = box.config.read_text().replace(DELIVERY, f"{DELIVERY}\nfallback = {str(fallback).lower()}")
            box.config.write_text(text)
            return box, endpoint

        yield make


def test_with_fallback_only_who_may_goes_the_second_way(
    two: Callable[..., tuple[Box, Postfix]], postfix: Postfix, password_file: Path
):
    """A real 535 pauses the first; inside recipients go on by the second, the outside one waits, and status says so.

    With the password mended all is as before: the outside recipient gets the scan, and nobody gets it twice.
    """
    box, endpoint = two(fallback=True)
    before = _failed_logins(postfix)
    box.start()
    assert scan_to(box, ALICE, EVE) == {}
    assert len(endpoint.wait_for_mails(ALICE, 1, timeout_s=40)) == 1
    scan_to(box, ALICE)
    assert len(endpoint.wait_for_mails(ALICE, 2, timeout_s=40)) == 2
    assert _failed_logins(postfix) == before + 1
    first, second = box.status()["routes"]
    assert (first["name"], first["carries"], first["instead"]) == ("submission", "mail to anyone", ["direct"])
    assert (second["name"], second["carries"], second["instead"]) == ("direct", "mail to contoso.com", [])
    assert first["paused_until"] is not None
    box.waits_for_event("job-deferred")
    (job,) = [job for job in box.queue() if job["state"] == "deferred"]
    assert [(one["address"], one["fate"], one["upstream"]) for one in job["recipients"]] == [
        (ALICE, "sent", "direct"),
        (EVE, "pending", ""),
    ]
    assert postfix.all_mails() == []
    box.stop()
    password_file.write_text(PASSWORD + "\n", encoding="ascii")
    _rest_is_over(box)
    box.start()
    assert len(postfix.wait_for_mails(EVE, 1, timeout_s=40)) == 1
    scan_to(box, ALICE)
    assert len(postfix.wait_for_mails(ALICE, 1, timeout_s=40)) == 1
    assert len(endpoint.all_mails()) == 2
    box.stop()


def test_without_fallback_all_wait_for_the_first(two: Callable[..., tuple[Box, Postfix]], postfix: Postfix):
    """The same without ``fallback``: nothing goes the second way, and the scan waits for the first."""
    box, endpoint = two(fallback=False)
    before = _failed_logins(postfix)
    box.start()
    assert scan_to(box, ALICE) == {}
    box.waits_for_event("job-deferred")
    (job,) = box.queue()
    assert (job["state"], job["attempts"]) == ("deferred", 0)
    assert _failed_logins(postfix) == before + 1
    assert endpoint.all_mails() == []
    box.stop()
