"""Cases of section 6 about what is no ordinary file, or not ours; and about times that are wrong."""

import asyncio
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotfolder.arrival import Hold
from tests.hotfolder.samples import pdf
from tests.hotfolder.watching import RULE, Watching, until

WHOLE = pdf()
ROOT = Path(__file__).resolve().parents[3]

# Looks as another user would, and takes what is offered; prints what it held and what it took.
AS_ANOTHER = """
import asyncio, concurrent.futures.thread, os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.hotfolder.watching import Watching
os.setgroups([])
os.setgid(1)
os.setuid(1)
async def main():
    watching = Watching(Path(sys.argv[2]))
    await watching.follow(until_empty=True)
    for held in watching.held:
        print("held", held.sentence)
    for arrival in watching.arrivals:
        print("taken", arrival.files[0].path.name)
asyncio.run(main())
"""


async def test_what_is_no_file_is_told_and_never_touched(tmp_path: Path):
    """Case 21: a link to a secret, a pipe and a device are held with a reason, and nothing is read of them."""
    watching = Watching(tmp_path)
    secret = tmp_path / "secret.pdf"
    secret.write_bytes(WHOLE)
    before = secret.stat().st_atime_ns
    (watching.path / "link.pdf").symlink_to(secret)
    (watching.path / "dangling.pdf").symlink_to(tmp_path / "none")
    os.mkfifo(watching.path / "pipe.pdf")
    os.mknod(watching.path / "device.pdf", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    async with watching.running():
        await until(lambda: len(watching.held) == 4)
        watching.drop("scan.pdf", WHOLE)
        await until(lambda: watching.taken == [WHOLE])
    assert {held.hold for held in watching.held} == {Hold.STRANGE}
    assert len(watching.arrivals) == 1
    assert secret.stat().st_atime_ns == before
    assert len(os.listdir(watching.path)) == 4


async def test_ten_sparse_gigabytes_are_rejected_unread(tmp_path: Path):
    """Case 21: a file of 10 GB with nothing in it costs no reading; it is cut short, and rejected in its time."""
    watching = Watching(tmp_path)
    path = watching.drop("scan.pdf", b"%PDF-1.4\n")
    os.truncate(path, 10_000_000_000)
    watching.is_taking = False
    async with watching.running():
        await until(lambda: watching.held)
        watching.move_clock(601)
        await until(lambda: watching.arrivals)
    assert watching.arrivals[0].rejected.startswith("The file is cut short")


@pytest.fixture
def theirs() -> Iterator[Path]:
    """A folder whose share and claims belong to another user, to be looked at by that user."""
    folder = Path(f"/tmp/scangate-case-{os.getpid()}-{time.monotonic_ns()}")
    for path in (folder, folder / "share", folder / "claims"):
        path.mkdir()
        os.chown(path, 1, 1)
    yield folder
    subprocess.run(["rm", "-r", str(folder)], check=True)


def test_files_of_another_owner_are_taken_or_told(theirs: Path):
    """Case 21: a file that may not be read is told with the mend; one of another owner (no lease) is taken."""
    for name, mode in (("secret.pdf", 0o000), ("readable.pdf", 0o644)):
        path = theirs / "share" / name
        path.write_bytes(WHOLE)
        path.chmod(mode)
    argv = [sys.executable, "-B", "-c", AS_ANOTHER, str(ROOT), str(theirs)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    mend = "give the share's files to the gateway's user (Samba: force user)"
    assert sorted(done.stdout.splitlines()) == [
        f"held not taken: secret.pdf: it cannot be read: permission denied; {mend}",
        "taken readable.pdf",
    ]


@pytest.mark.parametrize("year", [1980, 2099])
async def test_a_wrong_year_makes_no_difference(tmp_path: Path, year: int):
    """Case 25: a device without a clock, or one far ahead, has its scan taken as soon as any other."""
    watching = Watching(tmp_path)
    path = watching.drop("scan.pdf", WHOLE)
    moment_s = (year - 1970) * 365 * 86400
    os.utime(path, (moment_s, moment_s))
    async with watching.running():
        await until(lambda: watching.taken == [WHOLE])


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0])
async def test_a_clock_that_jumps_makes_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump_s: float):
    """Case 25: the wall clock is set by an hour, as at the first NTP answer: nothing is early, and nothing waits."""
    real, now_s = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: real() + now_s[0])
    monkeypatch.setattr(time, "time_ns", lambda: int((real() + now_s[0]) * 1e9))
    watching = Watching(tmp_path)
    async with watching.running():
        with (watching.path / "scan.pdf").open("wb", buffering=0) as out:
            out.write(WHOLE[:100])
            await asyncio.sleep(3 * RULE.quiet_s)
            now_s[0] = jump_s
            os.utime(out.fileno(), (real() + jump_s, real() + jump_s))
            await asyncio.sleep(3 * RULE.quiet_s)
            assert watching.arrivals == []
            out.write(WHOLE[100:])
        await until(lambda: watching.taken == [WHOLE])
