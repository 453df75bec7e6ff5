import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hotfolder.lease import ignore_sigio, is_being_written
from hotfolder.verdict import Writing


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file nobody has open."""
    made = tmp_path / "scan.pdf"
    made.write_bytes(b"x")
    return made


def ask(path: Path) -> Writing:
    """Ask as a look does."""
    fd = os.open(path, os.O_RDONLY)
    try:
        return is_being_written(fd)
    finally:
        os.close(fd)


def test_an_open_writer_is_seen_and_its_close_too(path: Path):
    """A file is being written exactly as long as some process has it open for writing."""
    assert ask(path) is Writing.NO
    with path.open("ab"):
        assert ask(path) is Writing.YES
    assert ask(path) is Writing.NO


def test_readers_do_not_count(path: Path):
    """Someone who reads the scan, such as a virus scanner, does not hold it up."""
    with path.open("rb"):
        assert ask(path) is Writing.NO


def test_a_writer_in_another_process_is_seen(path: Path):
    """The writer is another process, as smbd is; when it is killed the file is free."""
    code = "import sys; f = open(sys.argv[1], 'ab'); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"open\n"
        assert ask(path) is Writing.YES
        writer.kill()
    assert ask(path) is Writing.NO


def test_where_leases_do_not_work_the_answer_is_unknown():
    """What the kernel grants no lease on is told apart from a file that is free."""
    reading, writing = os.pipe()
    try:
        assert is_being_written(reading) is Writing.UNKNOWN
    finally:
        os.close(reading)
        os.close(writing)


HAMMER = """
import os, sys, threading, time
from hotfolder import lease
from hotfolder.verdict import Writing
if sys.argv[2] == "ignore":
    lease.ignore_sigio()
pid = os.fork()
if pid == 0:
    while os.getppid() != 1:
        os.close(os.open(sys.argv[1], os.O_WRONLY))
    os._exit(0)
fd, seen = os.open(sys.argv[1], os.O_RDONLY), {answer: 0 for answer in Writing}
until = time.monotonic() + 30
while (seen[Writing.NO] < 3000 or seen[Writing.YES] < 3000) and time.monotonic() < until:
    seen[lease.is_being_written(fd)] += 1
os.kill(pid, 9)
os.waitpid(pid, 0)
print(seen[Writing.NO] >= 3000, seen[Writing.YES] >= 3000, seen[Writing.UNKNOWN])
"""


@pytest.mark.parametrize("how", ["ignore", "forget"])
def test_a_writer_that_comes_in_the_instant_of_the_lease_ends_nothing(path: Path, how: str):
    """Case 26: thousands of collisions with a writer end nothing, even in a process that forgot to ignore SIGIO."""
    done = subprocess.run(
        [sys.executable, "-c", HAMMER, str(path), how],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )
    assert (done.returncode, done.stdout) == (0, "True True 0\n"), done.stderr


def test_sigio_is_ignored_after_start():
    """The service sets the signal's action itself."""
    before = signal.getsignal(signal.SIGIO)
    try:
        ignore_sigio()
        assert signal.getsignal(signal.SIGIO) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGIO, before)
