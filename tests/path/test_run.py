"""The README's first command, as a newcomer types it, in a fresh copy of the project."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.path.box import ROOT
from tests.peers import mailbox, scans
from tests.peers.loopback import wait_until


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's own files, without anything that was made here."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    fresh = tmp_path_factory.mktemp("clone")
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, fresh / name)
    return fresh


@pytest.fixture
def var(clone: Path) -> Path:
    """The demo's folder, empty at first."""
    shutil.rmtree(clone / "var", ignore_errors=True)
    return clone / "var"


def test_run_delivers_a_sample(clone: Path, var: Path):
    """`./scripts/run` says where to put scans and where the mail landed, delivers its sample, and ends on Ctrl-C."""
    said = clone / "said"
    with said.open("wb") as output:
        demo = subprocess.Popen(
            ["./scripts/run"], cwd=clone, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        wait_until(lambda: b"Delivered:" in said.read_bytes() or demo.poll() is not None, 300, "the sample's delivery")
        assert demo.poll() is None, said.read_text()
        os.killpg(demo.pid, signal.SIGINT)  # as a terminal does on Ctrl-C
        assert demo.wait(timeout=30) == 0
    finally:
        if demo.poll() is None:
            os.killpg(demo.pid, signal.SIGKILL)
            demo.wait()
    text = said.read_text()
    for place in ("var/scans/", "127.0.0.1 port 2525", "var/mailbox/new/"):
        assert place in text
    assert "Traceback" not in text
    (mail,) = (var / "mailbox" / "new").iterdir()
    assert mailbox.only_pdf(mail.read_bytes()).startswith(b"%PDF-")


def test_run_once_tells_each_scan(clone: Path, var: Path):
    """`./scripts/run --once` prints a line for each scan and exits 0 only when all was delivered."""
    (var / "scans").mkdir(parents=True)
    (var / "scans" / "one.tif").write_bytes(scans.tiff_g4())
    (var / "scans" / "two.png").write_bytes(scans.png(dpi=100))
    done = subprocess.run(["./scripts/run", "--once"], cwd=clone, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    assert any(" sent: one.tif to office@example.com" in line for line in lines)
    assert len(list((var / "mailbox" / "new").iterdir())) == 2
    (var / "scans" / "three.tif").write_bytes(scans.tiff_g4())
    (var / "scans" / "cut.pdf").write_bytes(scans.truncated(scans.pdf()))
    done = subprocess.run(["./scripts/run", "--once"], cwd=clone, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert " sent: three.tif to office@example.com" in done.stdout
    assert "left in scans: still incomplete: cut.pdf" in done.stdout
