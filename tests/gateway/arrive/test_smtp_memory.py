import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
MB = 1_000_000


@pytest.fixture
def in_memory() -> Iterator[Path]:
    """A folder in memory: hundreds of megabytes need not reach a disk to be counted."""
    folder = Path(tempfile.mkdtemp(dir="/dev/shm"))
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize(("size_bytes", "count", "growth_bytes"), [(48 * MB, 1, 3 * MB), (150 * MB, 4, 8 * MB)])
def test_a_big_message_costs_no_memory(in_memory, size_bytes, count, growth_bytes):
    """Case 45: messages of 48 or 150 MB raise the peak memory of the service by what a few blocks take, each alike."""
    command = [sys.executable, "-m", "tests.gateway.arrive.heavy", str(in_memory), str(size_bytes), str(count)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr
    figures = [int(line) for line in ended.stdout.splitlines() if line.isdigit()]
    after_small, after_big, jobs = figures
    assert jobs == 2 * count
    assert after_big - after_small < growth_bytes
    assert after_big < 100 * MB
