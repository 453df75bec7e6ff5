import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MB = 1_000_000


def test_a_big_message_costs_no_memory(tmp_path):
    """A message of 40 MB raises the peak memory of the service by less than 8 MB: it goes straight to the disk."""
    command = [sys.executable, "-m", "tests.gateway.arrive.heavy", str(tmp_path), str(40 * MB)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 0, ended.stderr
    figures = [int(line) for line in ended.stdout.splitlines() if line.isdigit()]
    after_one_mb, after_forty_mb, jobs = figures
    assert jobs == 2
    assert after_forty_mb - after_one_mb < 8 * MB
