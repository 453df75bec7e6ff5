import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MB = 1_000_000


def test_a_big_mail_costs_no_memory(tmp_path):
    """A mail of 100 MB, also in a single line, is taken apart with less than 4 MB more than one of 1 MB."""
    command = [sys.executable, "-m", "tests.gateway.normalise.heavy", str(tmp_path), "100"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    assert ended.returncode == 0, ended.stderr
    figures = [tuple(map(int, line.split())) for line in ended.stdout.splitlines()]
    assert len(figures) == 8
    peaks = [peak for peak, _ in figures]
    assert peaks[-1] - peaks[0] < 4 * MB
    assert [size > 30 * MB for _, size in figures] == [False, True] * 4
