"""Mails that come in pieces (message/partial), on a box of their own."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.normalise.partial import WAIT_S
from gateway.normalise.patience import GRACE_S
from gateway.spool import files
from gateway.spool.envelope import Origin, OriginKind
from gateway.spool.job import JobId, State
from tests.gateway.normalise.mailing import pages_of
from tests.gateway.normalise.mails import attached
from tests.gateway.normalise.pieces import MAIL_ID, TOTAL, came, give_up_at, in_pieces, whole_mail, work_at
from tests.gateway.normalise.telling import tell_all
from tests.gateway.spool.crashing import STEP
from tests.gateway.spool.given import NOW, NOW_S, Box, config, opened
from tests.peers.scans import tiff_g4

ROOT = Path(__file__).resolve().parents[3]


def states(box: Box) -> dict[str, list[JobId]]:
    """The jobs of the box by their state."""
    found: dict[str, list[JobId]] = {}
    for job in sorted(box.journal.jobs(State), key=lambda job: job.id):
        found.setdefault(job.state.value, []).append(job.id)
    return found


def only_ready(box: Box) -> JobId:
    """The one job that is ready."""
    (job_id,) = states(box)["ready"]
    return job_id


@pytest.mark.parametrize("telling", ["all", "last"])
@pytest.mark.parametrize("order", [(4, 3, 2, 1, 0), (2, 0, 4, 1, 3)])
def test_pieces_in_any_order(box, telling, order):
    """Case 42: five pieces, reversed or mixed, over minutes, the total in the last one only: one mail, as it was."""
    pieces = in_pieces(whole_mail(pages=5), 5, telling=telling)
    for minute, number in enumerate(order):
        came(box, pieces[number], arrived_at=NOW + timedelta(minutes=minute * 20))
        station = work_at(box, NOW_S + minute * 20 * 60 + 1)
    whole = only_ready(box)
    first = min(states(box)["joined"])
    assert (whole, len(states(box)["joined"])) == (f"{first}-w", 5)
    mail = station.mail(whole)
    assert (pages_of(mail), mail["Subject"]) == (5, "Scan")
    assert files.listing(box.spool.jobs) == (whole,)
    assert station.job(first).reason == f"is part of {whole}"


def test_pieces_of_two_mails_interleaved(box):
    """Case 42: pieces of two mails that interleave become two mails; so do equal ids of other clients or people."""
    one, two = in_pieces(whole_mail(1, "One"), 2, 'a "quoted" id'), in_pieces(whole_mail(3, "Two"), 2, "another  id")
    same = in_pieces(whole_mail(4, "Other"), 2, "another  id")
    for number in (1, 0):
        came(box, one[number])
        came(box, two[number])
        came(box, same[number], client="127.0.0.2")
        came(box, same[number], to="alice@contoso.com")
        came(box, same[number], listener="second")
    station = work_at(box, NOW_S + 1)
    mails = [station.mail(job_id) for job_id in states(box)["ready"]]
    made = sorted((str(mail["Subject"]), pages_of(mail), str(mail["To"])) for mail in mails)
    assert made == [
        ("One", 1, "office@contoso.com"),
        ("Other", 4, "alice@contoso.com"),
        ("Other", 4, "office@contoso.com"),
        ("Other", 4, "office@contoso.com"),
        ("Two", 3, "office@contoso.com"),
    ]


def test_a_piece_that_is_missing(tmp_path):
    """Case 42: a piece that never comes fails the others after 30 minutes, as one, told to sender and admin."""
    gateway = {"state": tmp_path / "state", "free_space": "1 kB", "admin": ["it@contoso.com"]}
    pieces = in_pieces(whole_mail(), 5)
    with opened(config(tmp_path, gateway=gateway)) as box:
        for number in (4, 0, 2):
            came(box, pieces[number], sender="alice@contoso.com")
        with capture_logs() as logged:
            work_at(box, NOW_S + WAIT_S - 1)
        assert len(states(box)["accepted"]) == 3
        assert [line["reason"] for line in logged if line["event"] == "job-piece"][-1].startswith("pieces 2 and 4 of 5")
        station = give_up_at(box, NOW_S + WAIT_S + 1)
        (failed,) = states(box)["failed"]
        assert len(states(box)["joined"]) == 3
        assert "after 30 minutes pieces 2 and 4 of 5 had not come" in station.job(failed).reason
        kept = sorted((box.spool.failed / failed / files.ORIGINAL).iterdir())
        assert [path.read_bytes() for path in kept] == [pieces[0], pieces[2], pieces[4]]
        tell_all(box)
        notice = station.job(JobId(f"{failed}-n"))
        assert [one.address for one in notice.recipients] == ["alice@contoso.com", "it@contoso.com"]
        assert b"pieces 2 and 4 of" in (box.spool.jobs / notice.id / files.MESSAGE).read_bytes()


def test_a_piece_that_comes_twice(box):
    """Case 42: a repeated piece, before or after the mail is whole, changes nothing and is told to nobody."""
    pieces = in_pieces(whole_mail(), 2)
    again = pieces[0].replace(b"Message-ID: <1@", b"Message-ID: <1-again@")
    for piece in (pieces[0], again, pieces[1]):
        came(box, piece)
    station = work_at(box, NOW_S + 1)
    whole = only_ready(box)
    came(box, again, arrived_at=NOW + timedelta(minutes=5))
    work_at(box, NOW_S + 301)
    assert (only_ready(box), len(states(box)["joined"])) == (whole, 4)
    assert pages_of(station.mail(whole)) == 2
    assert box.journal.untold(1) == []


def test_two_mails_under_one_id_are_not_mixed(box):
    """Pieces of the same id and number that differ may be two people's pages: they fail together, nothing is sent."""
    one, two = in_pieces(whole_mail(1, "One"), 2), in_pieces(whole_mail(3, "Two"), 2)
    for piece in (one[0], two[0], one[1]):
        came(box, piece)
    work_at(box, NOW_S + 1)
    assert set(states(box)) == {"accepted"}
    station = give_up_at(box, NOW_S + WAIT_S + 1)
    assert set(states(box)) == {"joined", "failed"}
    assert "piece 1 had come more than once, with different contents" in station.job(states(box)["failed"][0]).reason


def test_a_subject_proves_nothing(box):
    """Case 42: mails whose subjects say [1/2] and [2/2] are mails of their own."""
    for number in (1, 2):
        mail = attached(("image/tiff", "scan.tif", tiff_g4(size_px=(400, 300))))
        mail.replace_header("Subject", f"Scan [{number}/2]")
        came(box, mail.as_bytes())
    work_at(box, NOW_S + 1)
    assert len(states(box)["ready"]) == 2


@pytest.mark.parametrize("said", ["number=1", 'id=""; number=1', "id=x", "id=x; number=0", "id=x; number=3; total=2",
                                  "id=x; number=a", "id=x; number=1; total=99999"])  # fmt: skip
def test_a_piece_that_does_not_say_of_what(box, said):
    """A piece without id or with numbers that cannot be fails at once, with what to do."""
    job_id = came(box, f"Content-Type: message/partial; {said}\r\n\r\nSubject: x\r\n\r\nx".encode())
    station = work_at(box, NOW_S + 1)
    assert station.job(job_id).state is State.FAILED
    assert "does not say properly of which" in station.job(job_id).reason


def test_headers_of_the_whole(box):
    """Of the first piece come From and the like, of the mail inside subject and content; others count for nothing."""
    inner = b"Subject: Inner\r\nFrom: inner@contoso.com\r\nContent-Type: image/tiff\r\n\r\n" + tiff_g4(
        size_px=(400, 300)
    )
    for subject in (b"Subject: Inner\r\n", b""):
        label = b'message/partial; id="x%d"; total=2; number=' % len(subject)
        cut = len(inner) - 100
        mail = inner.replace(b"Subject: Inner\r\n", subject)
        outer = b"From: outer@contoso.com\r\nSubject: Outer [1/2]\r\nContent-Type: " + label
        came(box, outer + b"1\r\n\r\n" + mail[: cut - (0 if subject else 16)])
        came(
            box,
            b"From: second@contoso.com\r\nContent-Type: " + label + b"2\r\n\r\n" + mail[cut - (0 if subject else 16) :],
        )
    station = work_at(box, NOW_S + 1)
    made = sorted((str(m["Subject"]), str(m["Reply-To"])) for m in map(station.mail, states(box)["ready"]))
    assert made == [("Inner", "outer@contoso.com"), ("Outer", "outer@contoso.com")]


def test_pieces_over_a_restart_and_a_lost_journal(tmp_path):
    """Pieces that wait are joined after a restart, also one that made the journal anew."""
    pieces = in_pieces(whole_mail(), 2)
    with opened(config(tmp_path)) as box:
        came(box, pieces[1])
        work_at(box, NOW_S + 1)
    for name in list((tmp_path / "state").glob("journal.db*")):
        name.unlink()
    with opened(config(tmp_path)) as box:
        box.recover()
        work_at(box, NOW_S + 60)
        came(box, pieces[0], arrived_at=NOW + timedelta(minutes=2))
        station = work_at(box, NOW_S + 121)
        assert pages_of(station.mail(only_ready(box))) == 2


def crash(way: str, base: Path) -> list[Path]:
    """Have pieces joined and killed at each step; return where, in order."""
    command = [sys.executable, "-m", "tests.gateway.normalise.pieces", way, str(base)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr
    return sorted(base.iterdir())


@pytest.mark.parametrize(("way", "least"), [("join", 20), ("give-up", 20)])
def test_killed_at_any_step(tmp_path, way, least):
    """Case 42: a power cut at any step of joining pieces, or of giving them up, leaves one mail, or one failure."""
    works = crash(way, tmp_path)
    assert len(works) > least
    pieces = in_pieces(whole_mail(), TOTAL)
    for work in works:
        died_at = (work / STEP).read_text() if (work / STEP).exists() else ""
        for _ in range(2):
            with opened(config(work)) as box:
                box.recover()
                station = give_up_at(box, NOW_S + WAIT_S + 1)
                found = states(box)
                assert os.listdir(box.spool.incoming) == [], died_at
                end = "ready" if way == "join" else "failed"
                assert {name: len(jobs) for name, jobs in found.items()} == {
                    "joined": 3 if way == "join" else 2,
                    end: 1,
                }, died_at
                (job_id,) = found[end]
                place = box.spool.jobs if way == "join" else box.spool.failed
                assert files.listing(place) == (job_id,), died_at
                if way == "join":
                    assert pages_of(station.mail(job_id)) == 2, died_at
                stored = sorted((place / job_id / files.ORIGINAL).iterdir())
                kept = pieces if way == "join" else [pieces[0], pieces[2]]
                assert [path.read_bytes() for path in stored] == kept, died_at
                assert not station.job(job_id).is_uncertain, died_at


def test_a_mail_sent_again_after_it_was_given_up(box):
    """A printer that comes back with all pieces after they were given up is heard: the scan goes out, and once."""
    pieces = in_pieces(whole_mail(), 2)
    came(box, pieces[0])
    give_up_at(box, NOW_S + WAIT_S + 1)
    assert set(states(box)) == {"joined", "failed"}
    for piece in pieces:
        came(box, piece, arrived_at=NOW + timedelta(minutes=45))
    station = work_at(box, NOW_S + 45 * 60 + 1)
    assert pages_of(station.mail(only_ready(box))) == 2
    came(box, pieces[0], arrived_at=NOW + timedelta(minutes=50))
    work_at(box, NOW_S + 50 * 60 + 1)
    assert {state: len(jobs) for state, jobs in states(box).items()} == {"joined": 4, "failed": 1, "ready": 1}


def test_no_clock_that_is_set_makes_pieces_old(box):
    """A wall clock set forward by weeks behind the first piece, as on a box without a battery, fails nothing."""
    pieces = in_pieces(whole_mail(), 2)
    came(box, pieces[0])
    work_at(box, NOW_S + 1, (30.0, NOW_S + 40 * 86400))
    assert set(states(box)) == {"accepted"}
    came(box, pieces[1], arrived_at=NOW + timedelta(days=40))
    assert pages_of(work_at(box, NOW_S + 40 * 86400 + 1).mail(only_ready(box))) == 2


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(days=365)], ids=["then", "from the start"])
def test_no_clock_that_is_set_back_keeps_pieces_for_ever(box, ahead):
    """A wall clock set back by a year leaves a missing piece what it is: after 30 minutes it is told."""
    came(box, in_pieces(whole_mail(), 2)[0], arrived_at=NOW + ahead)
    back_s = NOW_S - 365 * 86400
    station = work_at(box, NOW_S + 1, (30.0, back_s + 30), (WAIT_S - 2, back_s + WAIT_S - 2))
    assert set(states(box)) == {"accepted"}
    station = work_at(box, NOW_S + 1, (30.0, back_s + 30), (WAIT_S + 1, back_s + WAIT_S + 1))
    assert "piece 2 of 2 had not come" in station.job(states(box)["failed"][0]).reason


def test_a_box_that_was_off_waits_anew(box):
    """After hours without power pieces have ten minutes more: the printer could send nothing meanwhile."""
    pieces = in_pieces(whole_mail(), 2)
    came(box, pieces[0])
    work_at(box, NOW_S + 7200, (GRACE_S - 1, NOW_S + 7200 + GRACE_S - 1))
    assert set(states(box)) == {"accepted"}
    came(box, pieces[1], arrived_at=NOW + timedelta(hours=2))
    assert pages_of(work_at(box, NOW_S + 7201).mail(only_ready(box))) == 2


def test_pieces_noted_by_an_earlier_version(box):
    """Pieces that were noted under another key, as by another version, hold nothing up: they are told in their time."""
    came(box, in_pieces(whole_mail(), 2)[0])
    work_at(box, NOW_S + 1)
    with box.database.transaction() as db:
        db.execute("UPDATE fragment SET mail = 'other'")
    station = give_up_at(box, NOW_S + WAIT_S + 1)
    assert "piece 2 of 2 had not come" in station.job(states(box)["failed"][0]).reason


def test_an_id_is_compared_as_it_is(box):
    """Ids that differ in case or blanks are other mails; the same origin stands in the whole's envelope."""
    pieces = in_pieces(whole_mail(), 2)
    came(box, pieces[0])
    came(box, pieces[1].replace(MAIL_ID.encode(), MAIL_ID.upper().encode()))
    work_at(box, NOW_S + 1)
    assert set(states(box)) == {"accepted"}
    came(box, pieces[1])
    work_at(box, NOW_S + 1)
    envelope = files.read_envelope(box.spool.jobs / only_ready(box))
    assert envelope.origin == Origin(OriginKind.SMTP, "smtp", "127.0.0.1")
