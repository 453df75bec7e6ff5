"""STATUS.txt of real shares, from a real journal."""

import errno
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from conf.model import Address
from gateway.screen import draw as drawing
from gateway.screen import show
from gateway.screen.facts import Facts
from gateway.screen.look import Sources, look
from gateway.screen.show import Screen
from gateway.spool import files
from gateway.spool.database import DamagedJournalError
from gateway.spool.envelope import Origin, OriginKind
from gateway.spool.job import Fate, JobId, State
from gateway.spool.traffic import Pause, Traffic
from hotfolder import status_file
from hotfolder.arrival import Held, Hold, Standing
from hotfolder.errors import ShareError
from tests.gateway.deliver.given import put_job
from tests.gateway.spool.given import OFFICE, config, opened

ALICE = Address("alice@contoso.com")


@dataclass(slots=True)
class Wall:
    """A screen of two shares, whose clock a test moves."""

    root: Path
    screen: Screen
    sources: Sources
    now_s: float = 0.0
    standings: list[Standing] = field(default_factory=list)

    def text(self, share: str = "share") -> str:
        """What stands in a share."""
        return (self.root / share / "STATUS.txt").read_bytes().decode("utf-8-sig")

    def show(self, after_s: float = 0.0) -> str:
        """Move the clock, look, and return what stands in the first share, on one line."""
        self.now_s += after_s
        self.screen.show_all()
        return " ".join(self.text().split())

    def job(self, share: str, name: str, to: Address = OFFICE) -> JobId:
        """A scan of a share that is ready to be sent."""
        now = datetime.now(UTC)
        origin = Origin(OriginKind.SHARE, share)
        return put_job(self.sources.spool, self.sources.journal, (to,), created_at=now, origin=origin, name=name)


@contextmanager
def wall(root: Path) -> Iterator[Wall]:
    """The screen of an open state directory with the shares "scans" and "private"."""
    shares = [
        {"name": "scans", "path": root / "share", "to": [OFFICE]},
        {"name": "private", "path": root / "private", "to": [ALICE]},
    ]
    with opened(config(root, share=shares)) as box:
        sources = Sources(box.config, box.spool, box.journal, Traffic(box.database))
        made = Wall(root, Screen(sources, list, 1e9), sources)
        made.screen.clock = lambda: made.now_s
        made.screen.standings = lambda: made.standings
        yield made


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Wall]:
    """Two shares."""
    with wall(tmp_path) as made:
        yield made


def test_each_share_shows_its_own_scans_alone(here: Wall):
    """A share names its scans, recipients and held files, and nothing of any other share."""
    here.job("scans", "menu.pdf")
    here.job("private", "salaries.pdf", ALICE)
    here.standings = [
        Standing("private", (Held(Path("secret.pdf"), "it is a symbolic link", Hold.STRANGE, "private"),)),
    ]
    here.screen.show_all()
    mine, theirs = here.text("share"), here.text("private")
    assert "menu.pdf" in mine
    assert "office@contoso.com" in mine
    assert [word for word in ("salaries", "alice", "secret", "private") if word in mine] == []
    assert "salaries.pdf" in theirs
    assert "secret.pdf is not taken" in " ".join(theirs.split())
    assert [word for word in ("menu", "office@") if word in theirs] == []
    assert "delivered: 1 scan of this folder since" in " ".join(mine.split())


def test_what_has_happened_is_told_with_time_and_zone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """States, pages and times come from the journal, the latter in the local time of then, summer or winter."""
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    try:
        with wall(tmp_path) as here:
            winter = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)
            summer = datetime(2026, 7, 23, 9, 2, tzinfo=UTC)
            journal = here.sources.journal
            first = put_job(here.sources.spool, journal, (OFFICE,), created_at=summer, name="summer.pdf")
            second = put_job(here.sources.spool, journal, (OFFICE,), created_at=winter, name="winter.pdf")
            journal.record(first, "maildir", {OFFICE: (Fate.SENT, "ok")})
            journal.move(first, State.SENT, time.time())
            at = datetime(2026, 11, 25, 13, 10, tzinfo=UTC).timestamp()
            journal.move(second, State.DEFERRED, time.time(), reason="450 busy", next_try_at=at)
            text = here.show()
    finally:
        monkeypatch.undo()
        time.tzset()
    assert "2026-07-23 11:02 CEST, 1 page: summer.pdf sent to office@contoso.com" in text
    assert "2026-11-23 10:02 CET, 1 page: winter.pdf deferred until 2026-11-25 14:10 CET" in text
    assert text.index("winter.pdf") < text.index("summer.pdf")


def test_it_is_written_for_old_pcs(here: Wall):
    """UTF-8 with a byte order mark, and every line ends with CRLF."""
    here.screen.show_all()
    written = (here.root / "share" / "STATUS.txt").read_bytes()
    assert written.startswith(b"\xef\xbb\xbf")
    assert written.count(b"\n") == written.count(b"\r\n") > 10


def test_a_change_is_shown_once_a_minute_at_most(here: Wall):
    """Nothing is written without a change; a change waits until a minute has passed; after ten it is written anyway."""
    here.show()
    before = (here.root / "share" / "STATUS.txt").stat().st_mtime_ns
    here.show(599)
    assert (here.root / "share" / "STATUS.txt").stat().st_mtime_ns == before
    here.show(1)
    again = (here.root / "share" / "STATUS.txt").stat().st_mtime_ns
    assert again != before
    here.job("scans", "new.pdf")
    assert "new.pdf" not in here.show(59)
    assert "new.pdf" in here.show(1)


def test_a_pause_is_shown_with_its_advice_and_goes(here: Wall):
    """An upstream that rests stands in every share with what to do, and is gone when it works again."""
    here.sources.traffic.pause("maildir", Pause(time.time() + 900, 1, "535 no", "Renew the secret."))
    text = here.show()
    assert "NOT DELIVERING" in text
    assert "What to do: Renew the secret." in text
    assert "NOT DELIVERING" in here.text("private")
    here.sources.traffic.resume("maildir")
    assert "Delivering." in here.show(60)


def test_removed_or_overwritten_it_comes_back(here: Wall):
    """Whoever removes or changes the text gets it back, and a link laid there meanwhile names nothing of ours."""
    path, victim = here.root / "share" / "STATUS.txt", here.root / "victim"
    victim.write_text("theirs")
    text = here.show()
    path.unlink()
    assert here.show(60)[:60] == text[:60]
    path.write_text("forged")
    assert here.show(60)[:60] == text[:60]
    path.unlink()
    path.symlink_to(victim)
    assert here.show(60)[:60] == text[:60]
    assert victim.read_text() == "theirs"


def test_a_share_that_cannot_be_written_is_told_once(here: Wall, monkeypatch: pytest.MonkeyPatch):
    """The log has one line while it lasts and one when it is over; the other share is written all the while."""
    real, fault = status_file.put_status, errno.EROFS

    def put_status(share_dir: Path, text: bytes) -> object:
        if share_dir.name == "share":
            raise ShareError(fault, f"cannot write STATUS.txt: {os.strerror(fault)}")
        return real(share_dir, text)

    with capture_logs() as logged:
        monkeypatch.setattr(show, "put_status", put_status)
        for _ in range(5):
            here.now_s += 60
            here.screen.show_all()
        fault = errno.ENOSPC
        for _ in range(5):
            here.now_s += 60
            here.screen.show_all()
        assert here.text("private")
        monkeypatch.undo()
        here.show(60)
        here.show(600)
    assert [(line["event"], line["share"]) for line in logged] == [
        ("status-fault", "scans"),
        ("status-fault", "scans"),
        ("status-recovered", "scans"),
    ]


def test_a_stop_is_written_at_once_and_last(here: Wall):
    """At the end every share says when the service was stopped, however lately it was written; nothing comes after."""
    here.show()
    here.screen.stop()
    stopped = " ".join(here.text().split())
    assert "scangate was stopped at 20" in stopped
    assert "scangate was stopped at 20" in here.text("private")
    assert here.show(6000) == stopped


def test_after_a_crash_the_next_start_corrects_it(tmp_path: Path):
    """What a killed service left standing is replaced by the first look of the next."""
    (tmp_path / "share").mkdir()
    (tmp_path / "share" / "STATUS.txt").write_text("Running since 1999")
    (tmp_path / "share" / ".STATUS.txt.part").write_text("half")
    with wall(tmp_path) as here:
        assert "Running since 2001-09-09" in here.show()
    assert os.listdir(tmp_path / "share") == ["STATUS.txt"]


def test_a_journal_that_cannot_be_read_now_holds_up_nothing(here: Wall, monkeypatch: pytest.MonkeyPatch):
    """A fault in reading leaves the text as it is; at a stop what was known last is told, with the stop."""
    here.job("scans", "known.pdf")
    before = here.show()

    def broken(*_: object, **_more: object) -> object:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(here.sources.journal, "of_origin", broken)
    with capture_logs() as logged:
        assert here.show(600) == before
        here.show(600)
    assert [line["event"] for line in logged] == ["status-fault"] * 2  # one for each share
    here.screen.stop()
    assert "was stopped at" in here.text()
    assert "known.pdf" in here.text()


def test_a_fault_of_ours_ends_nothing(here: Wall, monkeypatch: pytest.MonkeyPatch):
    """A text that cannot be drawn is a line in the log; the other share has its own, and the service lives on."""
    real = drawing.draw

    def draw(facts: Facts, now: datetime) -> str:
        if facts.share == "scans":
            raise ValueError("year is out of range")
        return real(facts, now)

    monkeypatch.setattr(show, "draw", draw)
    with capture_logs() as logged:
        here.screen.show_all()
        here.screen.show_all()
        here.screen.stop()
    assert [line["event"] for line in logged] == ["status-fault"]
    assert "was stopped at" in here.text("private")


def test_a_damaged_journal_ends_it(here: Wall, monkeypatch: pytest.MonkeyPatch):
    """Damage found in the journal is not swallowed: it has to end the service."""

    def damaged(*_: object, **_more: object) -> object:
        raise DamagedJournalError("damaged")

    monkeypatch.setattr(here.sources.journal, "of_origin", damaged)
    with pytest.raises(DamagedJournalError):
        here.screen.show_all()
    here.screen.stop()  # and yet the stop is written where there is anything to write


def test_the_facts_count_what_is_owed(here: Wall):
    """Waiting is what this share is owed, oldest first; space and reserve are those of the spool."""
    share = here.sources.config.share[0]
    here.job("private", "other.pdf", ALICE)
    assert look(here.sources, share, None, 0.0).waiting == 0
    first = here.job("scans", "one.pdf")
    here.job("scans", "two.pdf")
    known = look(here.sources, share, None, 0.0)
    job = here.sources.journal.job(first)
    assert job is not None
    assert known.waiting == 2
    assert known.oldest_at is not None
    assert known.oldest_at.timestamp() <= job.created_at
    assert known.reserve_bytes == here.sources.config.gateway.free_space
    assert abs(known.free_bytes - files.free_bytes(here.sources.spool)) < 1e9
