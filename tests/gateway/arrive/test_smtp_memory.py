import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MB = 1_000_000


def heavy(root: Path, size_bytes: int, devices: int) -> tuple[int, int, int]:
    """Peak bytes after one small message, then after the large ones, and how many jobs there are."""
    command = [sys.executable, "-m", "tests.gateway.arrive.heavy", str(root), str(size_bytes), str(devices)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    shutil.rmtree(root)
    assert ended.returncode == 0, ended.stderr
    before_bytes, after_bytes, jobs = [int(line) for line in ended.stdout.splitlines() if line.isdigit()]
    return before_bytes, after_bytes, jobs


def test_a_big_message_costs_no_memory(tmp_path):
    """A message of 40 MB raises the peak memory of the service by less than 8 MB: it goes straight to the disk."""
    after_one_mb, after_forty_mb, jobs = heavy(tmp_path, 40 * MB, 1)
    assert jobs == 2
    assert after_forty_mb - after_one_mb < 8 * MB


def test_four_of_the_largest_at_once(tmp_path):
    """Case 45: four messages of 150 MB at the same time are taken in less than 100 MB of memory, as small ones."""
    after_one_mb, peak_bytes, jobs = heavy(tmp_path, 150 * MB, 4)
    assert jobs == 5
    assert peak_bytes < 100 * MB
    assert peak_bytes - after_one_mb < 16 * MB
