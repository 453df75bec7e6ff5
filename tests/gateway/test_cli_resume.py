"""``scangate resume``: a person says that an upstream is mended."""

import subprocess
from pathlib import Path

import pytest

from gateway.operate.exits import Exit
from gateway.spool.database import Database
from tests.gateway.command import Place, argv, environment, place, scangate
from tests.peers import scans
from tests.peers.loopback import wait_until


@pytest.fixture
def here(tmp_path: Path) -> Place:
    """A right configuration in an empty folder."""
    return place(tmp_path)


def _log(here: Place) -> str:
    return (here.folder / "log").read_text(encoding="utf-8")


def test_resume_tries_a_mended_upstream_at_the_running_service(here: Place):
    """An upstream that a person has mended is tried when he says so, though its rest has minutes to go."""
    here.config.write_text(f'{here.text()}\n[delivery]\nfirst_retry = "10m"\nlongest_retry = "10m"\n')
    in_the_way = here.folder / "mail"
    in_the_way.write_text("a file")
    with (here.folder / "log").open("wb") as log:
        service = subprocess.Popen(argv("run", "--config", here.config), env=environment(), stderr=log)
    try:
        wait_until(lambda: "service-ready" in _log(here), 30, "the service")
        assert scangate("resume", "--config", here.config).stdout == "no upstream is at fault\n"
        (here.scans / "scan.pdf").write_bytes(scans.pdf())
        wait_until(lambda: "event=route-paused" in _log(here), 30, "the fault")
        in_the_way.unlink()
        asked = scangate("resume", "maildir", "--config", here.config)
        assert (asked.returncode, asked.stderr) == (0, "")
        assert asked.stdout.startswith("maildir: is tried with the next scan that waits")
        wait_until(lambda: "event=job-sent" in _log(here), 30, "the scan")
        assert "event=route-resumed" in _log(here)
        assert not list(here.state.glob("resume-*"))
    finally:
        service.terminate()
        service.wait(30)


def test_resume_knows_the_upstreams(here: Place):
    """A name that is none is told with those there are."""
    here.state.mkdir()
    Database(here.state / "journal.db").close()
    done = scangate("resume", "mialdir", "--config", here.config)
    assert (done.returncode, done.stdout) == (Exit.USAGE, "")
    assert done.stderr == "scangate: there is no upstream mialdir; there is maildir\n"
