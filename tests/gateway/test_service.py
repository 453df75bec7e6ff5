"""The whole service: it starts only when it can work, stops cleanly, and finishes what the last run left."""

import asyncio
import contextlib
import json
import os
import re
import signal
import smtplib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from conf.load import Loaded, load
from conf.model import Config
from gateway import service
from gateway.arrive import descriptors
from gateway.deliver.tls import CertificateError
from gateway.operate.exits import Exit
from gateway.operate.status import is_running
from gateway.service import Service, StartError
from gateway.spool.job import State
from hotfolder import survey, watch
from tests.gateway.command import Place, argv, environment, place, scangate
from tests.gateway.deliver.given import MESSAGE, OFFICE, put_job
from tests.peers import scans
from tests.peers.loopback import ADDRESS, until, wait_until
from tests.peers.process import Process

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def here(tmp_path: Path) -> Place:
    """A right configuration in an empty folder."""
    return place(tmp_path)


@contextlib.contextmanager
def _running(here: Place) -> Iterator[Process]:
    """The service in a process of its own, from ready to stopped."""
    process = Process(argv("run", "--config", here.config), here.folder / "service.log", environment())
    try:
        process.wait_ready(lambda: "service-ready" in process.log_text())
        yield process
    finally:
        process.stop()


def _config(here: Place) -> Config:
    loaded = load(here.config, {})
    assert isinstance(loaded, Loaded), str(loaded)
    return loaded.config


@contextlib.contextmanager
def _started(here: Place) -> Iterator[Service]:
    """The service put together in this process, and its state directory free again in the end."""
    started = service.start(_config(here))
    try:
        yield started
    finally:
        started.release()


def _wait_for_mails(here: Place, count: int) -> None:
    wait_until(lambda: len(here.mails) >= count, 20, f"{count} mails")


def test_takes_scans_at_both_doors_and_stops_when_told(here: Place):
    """A running service delivers what lies in the share and what comes by SMTP, and ends with 0 on SIGTERM."""
    with _running(here) as process:
        assert is_running(here.state)
        (here.scans / "one.tif").write_bytes(scans.tiff_g4(size_px=(600, 800)))
        with smtplib.SMTP(ADDRESS, here.port, timeout=20) as device:
            attached = b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + scans.pdf(dpi=50)
            device.sendmail("printer@contoso.com", [OFFICE], attached)
        _wait_for_mails(here, 2)
        process._child.send_signal(signal.SIGTERM)
        wait_until(lambda: not process.is_running(), 20, "the end of the service")
        assert process._child.returncode == Exit.OK
    assert not is_running(here.state)
    log = process.log_text()
    assert log.index("service-started") < log.index("service-ready") < log.index("service-stopped")
    assert log.count("job-sent") == 2
    assert "Traceback" not in log


def test_what_checks_the_configuration_is_not_in_the_service(here: Place):
    """The process that runs has neither pydantic nor the converters' libraries mapped: a small box needs the memory."""
    with _running(here) as process:
        mapped = Path(f"/proc/{process.pid}/maps").read_text(encoding="utf-8")
    assert "libpython" in mapped or "python" in mapped
    assert [name for name in ("pydantic", "PIL/", "pikepdf") if name in mapped] == []


@pytest.mark.parametrize("once", [(), ("--once",)])
def test_a_configuration_that_cannot_be_read_is_told(here: Place, tmp_path: Path, once: tuple[str, ...]):
    """When the process that checks the configuration dies, the service does not start, and says so."""
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text(
        "import sys\nif sys.argv[0] == '-m':\n    import conf.load as it\n    it.load = 0\n"
    )
    done = scangate("run", *once, "--config", here.config, env={"PYTHONPATH": f"{broken}:{ROOT}"})
    assert done.returncode == Exit.START
    assert done.stderr.splitlines()[-1] == (
        f"scangate: {here.config}: could not be read: the process that checks it ended with exit code 1; "
        "its own message stands above"
    )
    assert not here.state.exists()


async def test_shares_that_hang_hold_up_nobody(here: Place, monkeypatch: pytest.MonkeyPatch):
    """A dozen shares on a server that hangs, each with a thread that waits for it, keep no other share's scan."""
    settings, is_back, look = _config(here), threading.Event(), survey.take_survey
    hung = [here.folder / f"hung-{number}" for number in range(12)]
    for folder in hung:
        folder.mkdir()
    more = [replace(settings.share[0], name=folder.name, path=folder) for folder in hung]
    waiting: set[str] = set()

    def looked(folder: Path, *rest: Any, **named: Any) -> Any:
        if folder in hung:
            waiting.add(folder.name)
            is_back.wait()
        return look(folder, *rest, **named)

    monkeypatch.setattr(watch, "take_survey", looked)
    started = service.start(replace(settings, share=(*more, *settings.share)))
    running = asyncio.create_task(started.run())
    try:
        await until(lambda: len(waiting) == len(hung), 20, "every share that hangs")
        (here.scans / "one.tif").write_bytes(scans.tiff_g4(size_px=(600, 800)))
        await until(lambda: len(here.mails) == 1, 20, "the mail")
    finally:
        is_back.set()
        os.kill(os.getpid(), signal.SIGTERM)
        await running
        started.release()


def test_a_second_instance_is_refused(here: Place):
    """A second service on one state directory does not start, in one sentence, and the first goes on."""
    with _running(here) as process:
        for command in (["run"], ["run", "--once"]):
            done = scangate(*command, "--config", here.config)
            assert done.returncode == Exit.START
            (line,) = (line for line in done.stderr.splitlines() if line.startswith("scangate: "))
            assert f"gateway.state: another scangate works in {here.state}; stop it" in line
            assert "Traceback" not in done.stderr
        assert process.is_running()
        (here.scans / "one.tif").write_bytes(scans.tiff_g4(size_px=(600, 800)))
        _wait_for_mails(here, 1)


def test_status_of_a_running_service(here: Place):
    """Beside a running service status says that it runs, as text within 80 columns and as JSON, and ends with 0."""
    with _running(here):
        shown = scangate("status", "--config", here.config)
        assert shown.returncode == Exit.OK
        assert ": running\n" in shown.stdout
        assert max(map(len, shown.stdout.splitlines())) <= 80
        told = json.loads(scangate("status", "--json", "--config", here.config).stdout)
        assert (told["is_running"], told["needs_person"]) == (True, False)
        assert scangate("queue", "--config", here.config).stdout == "The queue is empty.\n"
    stopped = scangate("status", "--config", here.config)
    assert stopped.returncode == Exit.NOT_ALL
    assert "NOT RUNNING" in stopped.stdout


async def test_what_the_last_run_left_is_finished(here: Place):
    """A job that was ready is sent; one caught in sending is sent again, marked as perhaps delivered twice."""
    with _started(here) as first:
        ready = put_job(first.spool, first.journal, (OFFICE,))
        sending = put_job(first.spool, first.journal, (OFFICE,))
        first.journal.move(sending, State.SENDING, time.time())
    with _started(here) as again:
        moved, left = await again.run_once()
        assert left == []
        assert {job.id: (job.state, job.is_uncertain) for job in moved} == {
            ready: (State.SENT, False),
            sending: (State.SENT, True),
        }
    assert all(path.read_bytes().endswith(MESSAGE) for path in here.mails)
    assert len(here.mails) == 2


async def test_run_once_ends_with_nothing_to_do(here: Place):
    """With empty folders it ends at once, with nothing moved and nothing left."""
    with _started(here) as started:
        assert await started.run_once() == ([], [])


async def test_run_once_tells_of_a_failure_before_it_ends(here: Place):
    """A scan that fails is back in the share's _failed, and its notice is out, when run_once returns."""
    here.config.write_text(f"{here.text()}\n[pdf]\npages = 1\n")
    (here.scans / "two.tif").write_bytes(scans.tiff_g4(2, size_px=(600, 800)))
    with _started(here) as started:
        moved, left = await started.run_once()
    assert sorted(job.state for job in moved) == [State.FAILED, State.SENT]
    assert left == []
    assert sorted(path.name for path in (here.scans / "_failed").iterdir()) == ["two.tif", "two.tif.txt"]
    (notice,) = here.mails
    assert b"To: it@contoso.com" in notice.read_bytes()


async def test_run_once_leaves_its_outcome_in_the_share(here: Place):
    """After run_once STATUS.txt of the share says that nothing runs any more, and what became of its scan."""
    (here.scans / "one.tif").write_bytes(scans.tiff_g4(size_px=(600, 800)))
    with _started(here) as started:
        await started.run_once()
    shown = " ".join((here.scans / "STATUS.txt").read_text(encoding="utf-8-sig").split())
    assert "scangate was stopped at 20" in shown
    assert "1 page: one.tif sent to office@contoso.com" in shown
    assert [path.name for path in here.scans.iterdir()] == ["STATUS.txt"]


def test_the_listeners_fault_is_no_running_service(here: Place):
    """A service that could not open its port leaves no share behind that says it runs."""
    with socket.create_server((ADDRESS, here.port)):
        done = scangate("run", "--config", here.config)
    assert done.returncode == Exit.START
    assert "scangate was stopped at" in (here.scans / "STATUS.txt").read_text(encoding="utf-8-sig")


@pytest.mark.parametrize("fault", ["share", "state"])
async def test_a_folder_at_fault_stops_the_start(here: Place, fault: str):
    """A missing share or a state directory that is a file stops the start; nothing is made and nothing is locked."""
    if fault == "share":
        here.scans.rmdir()
    else:
        here.state.write_text("")
    with pytest.raises(StartError, match=r"^(share\.scans\.path|gateway\.state): "):
        service.start(_config(here))
    assert not here.state.is_dir()


async def test_run_once_ends_though_a_failure_cannot_be_told(here: Place, monkeypatch: pytest.MonkeyPatch):
    """A share in which no _failed can be made does not hold run_once for ever; the failed scan is among what moved."""
    monkeypatch.setattr(service, "_STUCK_S", 0.5)
    here.config.write_text(f"{here.text()}\n[pdf]\npages = 1\n")
    (here.scans / "_failed").write_bytes(b"a file where the folder should be")
    (here.scans / "two.tif").write_bytes(scans.tiff_g4(2, size_px=(600, 800)))
    with _started(here) as started:
        moved, _ = await started.run_once()
        (failed,) = (job for job in moved if job.state is State.FAILED)
        assert [job.id for job in started.journal.unshown("share/scans", 10)] == [failed.id]


async def test_a_failed_start_gives_the_directory_free(here: Place):
    """After a start that failed for its certificate the next one works."""
    good = here.text()
    (here.folder / "ca.pem").write_text("no certificate")
    here.config.write_text(
        re.sub(
            r'method = "maildir"\npath = .*', f'method = "relay"\nhost = "h"\nca_file = "{here.folder}/ca.pem"', good
        )
    )
    with pytest.raises(CertificateError):
        service.start(_config(here))
    assert not is_running(here.state)
    here.config.write_text(good)
    with _started(here):
        assert is_running(here.state)


async def test_too_few_files_for_the_listeners_are_told(here: Place, monkeypatch: pytest.MonkeyPatch):
    """The start raises the limit of open files for its listeners, and warns when the system does not let it."""
    monkeypatch.setattr(descriptors, "raise_limit", lambda listeners: f"{len(listeners)} need more")
    with capture_logs() as logged:
        started = service.start(_config(here))
        started.release()
    warned = [line["what"] for line in logged if line["event"] == "config-warning"]
    assert warned == [f"{len(_config(here).smtp)} need more"]


def test_heavy_libraries_wait_until_they_are_needed():
    """The idle service holds neither msal nor the libraries of the converter: a small box has no memory for them."""
    code = "import sys, gateway.service; print([m for m in ('PIL', 'pypdf', 'pikepdf', 'msal') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_service_does_without_what_only_terminals_need():
    """The service holds no library of the command line's tables, which can still load it."""
    said = "import sys, gateway.service; print('rich' in sys.modules); import rich.table; print('rich' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True, cwd=ROOT)
    assert ended.stdout.split() == ["False", "True"]
