"""What is no scan, in STATUS.txt: a line, and never in the place of a scan."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.screen.draw import draw
from gateway.screen.facts import Facts
from gateway.screen.look import Sources, look
from gateway.spool.envelope import Origin, OriginKind
from gateway.spool.job import JobId
from gateway.spool.traffic import Traffic
from hotfolder.settle import EMPTY, NOT_A_SCAN
from image.refusal import NO_SCANS
from tests.gateway.deliver.given import put_job
from tests.gateway.spool.given import OFFICE, Box, config, opened

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
REASONS = [EMPTY, NOT_A_SCAN, *sorted(NO_SCANS)]


def put(box: Box, name: str, reason: str = "", share: str = "scans", created_at: datetime = NOON) -> JobId:
    """A file of a share, that failed when there is a reason."""
    origin = Origin(OriginKind.SHARE, share)
    job = put_job(box.spool, box.journal, (OFFICE,), created_at=created_at, origin=origin, name=name)
    if reason:
        box.journal.fail_pending(job, time.time(), reason)
    return job


def facts_of(box: Box, share: int) -> Facts:
    """What is known of a share."""
    return look(Sources(box.config, box.spool, box.journal, Traffic(box.database)), box.config.share[share], None, 0.0)


def text_of(box: Box, share: int) -> str:
    """The text of a share, on one line."""
    return " ".join(draw(facts_of(box, share), datetime.now(UTC)).split())


def test_junk_pushes_no_scan_out(tmp_path: Path):
    """Thirty files that are no scans are counted in a line; the scans before them stay among the last ten."""
    shares = [{"name": name, "path": tmp_path / name, "to": [OFFICE]} for name in ("scans", "private")]
    with opened(config(tmp_path, share=shares)) as box:
        put(box, "contract.pdf")
        for number in range(30):
            put(box, f"junk{number:02d}.exe", REASONS[number % len(REASONS)])
        put(box, "refused.pdf", "550 5.1.10 no such mailbox")
        put(box, "theirs.pdf", share="private")
        text = text_of(box, 0)
        assert "contract.pdf waiting, for office@contoso.com" in text
        assert "refused.pdf FAILED, for office@contoso.com: 550 5.1.10 no such mailbox." in text
        assert "So did, before it, 29 files that are no scans or stayed empty." in text
        assert text.count("junk") == 1
        assert "So did" not in text_of(box, 1)


def test_one_file_of_junk_is_told_as_any_failure_in_its_place(tmp_path: Path):
    """The last one stands among the ten by its time, with its reason, and takes one place at most."""
    with opened(config(tmp_path)) as box:
        for number in range(12):
            put(box, f"scan{number}.pdf", created_at=NOON + timedelta(minutes=number))
        put(box, "notes.docx", NOT_A_SCAN, created_at=NOON + timedelta(minutes=8, seconds=30))
        names = [scan.name for scan in facts_of(box, 0).scans]
        assert names == [
            *("scan11.pdf", "scan10.pdf", "scan9.pdf", "notes.docx", "scan8.pdf"),
            *("scan7.pdf", "scan6.pdf", "scan5.pdf", "scan4.pdf", "scan3.pdf"),
        ]
        assert "notes.docx FAILED, for office@contoso.com: The file is not a scan" in text_of(box, 0)
        put(box, "scan12.pdf", created_at=NOON + timedelta(days=1))
        old = [put(box, f"old{number}.docx", EMPTY, created_at=NOON - timedelta(days=1)) for number in range(2)]
        assert len(old) == 2
        assert "So did, before it, 2 files" in text_of(box, 0)
