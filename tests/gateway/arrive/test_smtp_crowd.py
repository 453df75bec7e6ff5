import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]


def crowd(way: str, root: Path) -> tuple[dict[str, Any], str]:
    """What a listener in a process of its own saw of a crowd, and what it logged."""
    command = [sys.executable, "-m", "tests.gateway.arrive.crowd", way, str(root)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr
    *logged, seen = ended.stdout.splitlines()
    return json.loads(seen), "\n".join(logged) + ended.stderr


def test_a_thousand_idle_connections_leave_others_alone(tmp_path):
    """Case 46: with 1,000 idle connections of one client another's mail is taken; each costs about 11 kB."""
    seen, _ = crowd("idle", tmp_path)
    assert (seen["sessions"], seen["jobs"]) == (1000, 1)
    assert seen["reply"].startswith("250 ")
    assert seen["grown_bytes"] < 1000 * 20_000


def test_without_a_file_left_the_listener_goes_on(tmp_path):
    """Case 46: when connections take all the files there are, that is one line of log, and later mails are taken."""
    seen, logged = crowd("full", tmp_path)
    assert 0 < seen["sessions"] < 64
    assert (seen["reply"][:4], seen["jobs"]) == ("250 ", 1)
    assert logged.count("no connection can be accepted for now: Too many open files") == 1
    assert "Traceback" not in logged
