"""What is no scan, in STATUS.txt: a line, and never in the place of a scan."""

import time
from datetime import UTC, datetime
from pathlib import Path

from conf.model import Address
from gateway.screen.draw import draw
from gateway.screen.look import Sources, look
from gateway.spool.envelope import Origin, OriginKind
from gateway.spool.job import JobId
from gateway.spool.traffic import Traffic
from hotfolder.settle import EMPTY, NOT_A_SCAN
from image.refusal import NO_SCANS
from tests.gateway.deliver.given import put_job
from tests.gateway.spool.given import OFFICE, Box, config, opened

REASONS = [EMPTY, NOT_A_SCAN, *sorted(NO_SCANS)]


def put(box: Box, name: str, reason: str = "", share: str = "scans", to: Address = OFFICE) -> JobId:
    """A file of a share, that failed when there is a reason."""
    origin = Origin(OriginKind.SHARE, share)
    job = put_job(box.spool, box.journal, (to,), created_at=datetime.now(UTC), origin=origin, name=name)
    if reason:
        box.journal.fail_pending(job, time.time(), reason)
    return job


def text_of(box: Box, share: int) -> str:
    """The text of a share, on one line."""
    sources = Sources(box.config, box.spool, box.journal, Traffic(box.database))
    return " ".join(draw(look(sources, box.config.share[share], None, 0.0), datetime.now(UTC)).split())


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
        assert "Beside them 30 files FAILED, being no scan or empty: the last one is junk" in text
        assert "junk" not in text[: text.index("Beside them")]
        assert "Beside them" not in text_of(box, 1)
