"""What has failed is removed after its time, by a clock that can be trusted."""

import time
from pathlib import Path

import pytest

from gateway.deliver.steady import Begun
from hotfolder import prune
from hotfolder.failed import put_failed
from tests.gateway.deliver.given import OFFICE, box, config

DAY_S = 86400.0


@pytest.mark.parametrize("is_lagging", [True, False])
async def test_a_clock_set_forward_in_this_run_makes_nothing_old(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_lagging: bool,  # noqa: FBT001
):
    """What came while the clock lagged by weeks is not removed when it is set; by a right clock it would be."""
    folder, original, now = tmp_path / "scans", tmp_path / "0001", time.time()
    folder.mkdir()
    original.write_bytes(b"a scan")
    put_failed(original, folder, "scan.pdf", "It is damaged.", "ticket")
    monkeypatch.setattr(prune, "_changed_at", lambda _status: now - 60 * DAY_S + 5)
    share = {"name": "scans", "path": str(folder), "to": [OFFICE]}
    async with box(config(tmp_path, {"method": "maildir", "path": str(tmp_path / "mail")}, share=[share])) as here:
        tidier = here.teller.tidier
        tidier.clock.note(now, now - 2 * DAY_S)
        if is_lagging:
            tidier.begun = Begun(now - 60 * DAY_S, time.monotonic() - 30)
        tidier.tidy(now)
        assert (folder / "_failed" / "scan.pdf").exists() is is_lagging
        assert tidier.begun.at > now - DAY_S


async def test_a_share_that_is_away_when_the_clock_is_set_loses_nothing_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """What came into it while the clock lagged has no age when it is back, however often was tidied meanwhile."""
    folder, away, original, now = tmp_path / "scans", tmp_path / "away", tmp_path / "0001", time.time()
    folder.mkdir()
    original.write_bytes(b"a scan")
    put_failed(original, folder, "scan.pdf", "It is damaged.", "ticket")
    monkeypatch.setattr(prune, "_changed_at", lambda _status: now - 60 * DAY_S + 5)
    share = {"name": "scans", "path": str(folder), "to": [OFFICE]}
    async with box(config(tmp_path, {"method": "maildir", "path": str(tmp_path / "mail")}, share=[share])) as here:
        tidier = here.teller.tidier
        tidier.clock.note(now, now - 2 * DAY_S)
        tidier.begun = Begun(now - 60 * DAY_S, time.monotonic() - 30)
        (folder / "_failed").rename(away)
        (folder / "_failed").write_text("a file in the way")
        tidier.tidy(now)
        (folder / "_failed").unlink()
        away.rename(folder / "_failed")
        tidier.tidy(now)
        assert (folder / "_failed" / "scan.pdf").exists()
