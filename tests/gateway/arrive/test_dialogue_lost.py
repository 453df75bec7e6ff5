"""A device that goes leaves no trace on stderr: run as a process of its own, whose stderr is all there is to see."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_devices_that_go_leave_stderr_empty(tmp_path):
    """Gone in DATA, by close, reset and half-close, in the clear and in TLS: not one traceback, even at the end."""
    command = [sys.executable, "-X", "dev", "-W", "error", "-m", "tests.gateway.arrive.leaving", str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.split() == ["6", "lost"]
