"""The worker as a process: what it gives up, and how it ends."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from image.confined import worker
from image.confined.confine import OPEN_FILES
from image.errors import ScanError, ScanFault
from tests.image.drawn import page, saved
from tests.image.processes import (
    children,
    endless,
    fresh,
    is_gone,
    is_ready,
    of_process,
    open_files,
    server,
    started,
    until,
)
from tests.image.through_worker import MEMORY_BYTES, ROOT, converted, refusal, written

hanging = pytest.fixture(name="hanging")(endless)
own_server = pytest.fixture(fresh)


async def test_cancelling_ends_the_process(hanging: Path):
    """When the call is cancelled, no process stays behind, and no file."""
    task, pid = await started(hanging)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert pid not in children(server())
    assert not list(hanging.parent.glob("out.pdf*"))


async def test_cancelling_before_there_is_a_process(hanging: Path, own_server: None):
    """A call cancelled while its server still starts leaves no process either."""
    task = asyncio.create_task(converted(hanging))
    await until(lambda: bool(server()))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert children(server()) == set()


async def test_a_timeout_ends_the_process(hanging: Path):
    """A process that waits for ever is ended at the timeout, and the scan refused as too slow."""
    assert (await refusal(hanging, timeout_s=0.5)).fault is ScanFault.TIMEOUT
    assert children(server()) == set()


async def test_the_process_gives_up_what_it_does_not_need(
    hanging: Path, own_server: None, monkeypatch: pytest.MonkeyPatch
):
    """The process has its limits, a low priority, no core, no file of the service's, and nothing of its environment."""
    monkeypatch.setenv("SCANGATE_CLIENT_SECRET", "hush")
    task, pid = await started(hanging)
    limits = of_process(pid, "limits")
    assert f"Max open files            {OPEN_FILES}" in limits
    assert f"Max address space         {MEMORY_BYTES}" in limits
    assert "Max core file size        0" in limits
    assert "Max processes             0" in limits
    assert "Max cpu time              121" in limits
    assert of_process(pid, "oom_score_adj").strip() == "500"
    assert os.getpriority(os.PRIO_PROCESS, pid) > os.getpriority(os.PRIO_PROCESS, 0)
    assert "PYTHONPATH" in of_process(pid, "environ")
    assert "hush" not in of_process(pid, "environ")
    assert open_files(pid) == ["/dev/null", "socket", "socket", "socket"]
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(ScanError) as caught:
        await task
    assert caught.value.fault is ScanFault.TOO_LARGE


async def test_a_crash_is_told(hanging: Path):
    """A process that crashes on a scan is a refusal, not an error of this service."""
    task, pid = await started(hanging)
    os.kill(pid, signal.SIGSEGV)
    with pytest.raises(ScanError) as caught:
        await task
    assert caught.value.fault is ScanFault.CRASHED


async def test_a_stop_of_the_service_is_no_crash(hanging: Path):
    """SIGTERM to the whole group, as at a stop of the service, does not make a scan fail."""
    task, pid = await started(hanging)
    for process in (pid, server()):
        os.kill(process, signal.SIGTERM)
        os.kill(process, signal.SIGINT)
    assert pid in children(server())
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


PARENT = """
import asyncio, datetime, pathlib, sys
from image.document import Limits
from image.confined.worker import convert
source = pathlib.Path(sys.argv[1])
asyncio.run(convert([source], source.with_name("out.pdf"), Limits(), datetime.datetime.now(datetime.UTC),
                    memory_bytes=400_000_000, timeout_s=120))
"""


async def test_the_processes_die_with_the_service(hanging: Path):
    """When the service is killed outright, neither its server nor a child of that lives on."""
    command = [sys.executable, "-c", PARENT, str(hanging)]
    parent = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
    await until(lambda: any(children(pid) for pid in children(parent.pid)))
    (server_pid,) = children(parent.pid)
    (pid,) = children(server_pid)
    await until(lambda: is_ready(pid))
    parent.kill()
    await parent.wait()
    await until(lambda: is_gone(pid) and is_gone(server_pid))


async def test_too_much_said_is_a_crash(tmp_path: Path, own_server: None, monkeypatch: pytest.MonkeyPatch):
    """A process that has been taken over and talks without end costs one job, and no memory of the service."""
    monkeypatch.setattr(worker, "MAX_SAID_BYTES", 20)
    error = await refusal(written(tmp_path / "in.png", saved(page(), "PNG")))
    assert error.fault is ScanFault.CRASHED
