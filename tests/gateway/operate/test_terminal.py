"""The commands that look, run as an operator runs them: on a terminal of 80 columns and into a pipe."""

import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
from pathlib import Path

import pytest

from gateway.operate.exits import Exit
from gateway.spool.job import JobId
from tests.gateway.command import TIMEOUT_S, Place, argv, environment, place, scangate
from tests.gateway.operate.given import desk


@pytest.fixture
def here(tmp_path: Path) -> Place:
    """A right configuration in an empty folder."""
    return place(tmp_path)


@pytest.fixture
def job_id(here: Place) -> JobId:
    """A job with a long name and a long reply that waits, in the journal of a service that has stopped."""
    with desk(here.state) as opened:
        return opened.deferred()


def _on_a_terminal(*arguments: object) -> list[str]:
    """The lines a command prints on a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    env = {key: value for key, value in environment().items() if key != "COLUMNS"} | {"TERM": "dumb"}
    with subprocess.Popen(argv(*arguments), env=env, stdin=theirs, stdout=theirs, stderr=theirs) as child:
        os.close(theirs)
        text = b""
        try:
            while block := os.read(ours, 65536):
                text += block
        except OSError:  # EIO: the other side is closed (pty(7))
            pass
        child.wait(TIMEOUT_S)
    os.close(ours)
    return text.decode().replace("\r\n", "\n").splitlines()


@pytest.mark.parametrize("command", ["status", "queue", "show"])
def test_a_terminal_is_never_too_narrow(here: Place, job_id: JobId, command: str):
    """On a terminal no line is wider than it, and a job id can be copied in one piece."""
    what = [job_id] if command == "show" else []
    lines = _on_a_terminal(command, *what, "--config", here.config)
    assert lines
    assert max(map(len, lines)) <= 80
    assert command == "status" or any(job_id in line for line in lines)


def test_exit_codes_of_looking(here: Place, job_id: JobId):
    """Status ends with 1 when somebody is needed; a job that is not there with 6 and a sentence that helps."""
    assert scangate("status", "--config", here.config).returncode == Exit.NOT_ALL
    assert scangate("queue", "--config", here.config).returncode == Exit.OK
    assert scangate("show", job_id, "--config", here.config).returncode == Exit.OK
    unknown = scangate("show", f"{job_id}-n", "--config", here.config)
    assert unknown.returncode == Exit.UNKNOWN_JOB
    assert unknown.stderr == f"scangate: there is no job {job_id}-n; scangate queue lists them\n"


@pytest.mark.parametrize("command", ["status", "queue", "show"])
def test_json_into_a_pipe_is_json(here: Place, job_id: JobId, command: str):
    """--json into a pipe is one JSON value without colours or broken lines, whatever the width."""
    what = [job_id] if command == "show" else []
    done = scangate(command, *what, "--json", "--config", here.config, env={"COLUMNS": "20"})
    told = json.loads(done.stdout)
    assert told
    assert done.stderr == ""
