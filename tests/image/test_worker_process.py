"""The worker as a process: what it gives up, and how it ends."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from image.child import OPEN_FILES
from image.document import Document
from image.errors import ScanError, ScanFault
from tests.image.through_worker import MEMORY_BYTES, ROOT, converted


def children() -> set[int]:
    """The processes whose parent is this one."""
    text = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
    return {int(pid) for pid in text.split()}


async def until(condition: Callable[[], bool]) -> None:
    """Waits until ``condition`` holds, ten seconds at most."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 -- the condition is another process's, which sets no event
            await asyncio.sleep(0.005)


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A source that nobody ever writes to: whoever opens it waits."""
    path = tmp_path / "in.fifo"
    os.mkfifo(path)
    return path


async def started(endless: Path) -> tuple["asyncio.Task[Document]", int]:
    """A conversion that hangs, and its process."""
    before = children()
    task = asyncio.create_task(converted(endless))
    await until(lambda: bool(children() - before))
    (pid,) = children() - before
    return task, pid


def of_process(pid: int, name: str) -> str:
    """What the kernel tells about a process; nothing when it is gone."""
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def is_ready(pid: int) -> bool:
    """Whether the process has given up what it does not need; the score is the last of it."""
    return of_process(pid, "oom_score_adj").strip() == "500"


async def test_cancelling_ends_the_process(endless: Path):
    """When the call is cancelled, no process stays behind."""
    task, pid = await started(endless)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert pid not in children()


async def test_the_process_gives_up_what_it_does_not_need(endless: Path, monkeypatch: pytest.MonkeyPatch):
    """The process has its limits, a low priority, no core, and nothing of our environment."""
    monkeypatch.setenv("SCANGATE_CLIENT_SECRET", "hush")
    task, pid = await started(endless)
    await until(lambda: is_ready(pid))
    limits = of_process(pid, "limits")
    assert f"Max open files            {OPEN_FILES}" in limits
    assert f"Max address space         {MEMORY_BYTES}" in limits
    assert "Max core file size        0" in limits
    assert "Max cpu time              31" in limits
    assert os.getpriority(os.PRIO_PROCESS, pid) > os.getpriority(os.PRIO_PROCESS, 0)
    assert "PYTHONPATH" in of_process(pid, "environ")
    assert "hush" not in of_process(pid, "environ")
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(ScanError) as caught:
        await task
    assert caught.value.fault is ScanFault.TOO_LARGE


async def test_a_crash_is_told(endless: Path):
    """A process that crashes on a scan is a refusal, not an error of this service."""
    task, pid = await started(endless)
    await until(lambda: is_ready(pid))
    os.kill(pid, signal.SIGSEGV)
    with pytest.raises(ScanError) as caught:
        await task
    assert caught.value.fault is ScanFault.CRASHED


async def test_a_stop_of_the_service_is_no_crash(endless: Path):
    """SIGTERM to the whole group, as at a stop of the service, does not make a scan fail."""
    task, pid = await started(endless)
    await until(lambda: is_ready(pid))
    os.kill(pid, signal.SIGTERM)
    os.kill(pid, signal.SIGINT)
    assert pid in children()
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


PARENT = """
import asyncio, datetime, pathlib, sys
from image.document import Limits
from image.worker import convert
source = pathlib.Path(sys.argv[1])
asyncio.run(convert([source], source.with_name("out.pdf"), Limits(), datetime.datetime.now(datetime.UTC),
                    memory_bytes=400_000_000, timeout_s=60))
"""


async def test_the_process_dies_with_its_parent(endless: Path):
    """When the service is killed outright, its worker does not live on."""
    command = [sys.executable, "-c", PARENT, str(endless)]
    parent = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
    await until(lambda: of_process(parent.pid, f"task/{parent.pid}/children").strip() != "")
    pid = int(of_process(parent.pid, f"task/{parent.pid}/children"))
    await until(lambda: is_ready(pid))
    parent.kill()
    await parent.wait()
    await until(lambda: of_process(pid, "stat") == "" or ") Z " in of_process(pid, "stat"))
