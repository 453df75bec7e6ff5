"""What the kernel tells of the converter's processes: the fork server, and the children it has."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from image.confined import launch
from image.document import Document
from tests.image.through_worker import converted


def children(pid: int) -> set[int]:
    """The processes whose parent is ``pid``, those that have ended and are not yet reaped too."""
    return {int(child) for child in of_process(pid, f"task/{pid}/children").split()}


def of_process(pid: int, name: str) -> str:
    """What the kernel tells about a process; nothing when it is gone."""
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def is_gone(pid: int) -> bool:
    """Whether the process has ended, reaped or not."""
    return of_process(pid, "stat") == "" or ") Z " in of_process(pid, "stat")


def is_ready(pid: int) -> bool:
    """Whether the process is confined; the filter for its calls is the last of it."""
    return "Seccomp:\t2" in of_process(pid, "status")


def server() -> int:
    """This process's fork server; 0 when there is none."""
    return next((one.process.pid for one in launch._RUNNING), 0)


def open_files(pid: int) -> list[str]:
    """What the process has open, by kind, in alphabetical order."""
    found = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the one this was listed by
            found.append(str(descriptor.readlink()).partition(":")[0])
    return sorted(found)


async def until(condition: Callable[[], bool]) -> None:
    """Waits until ``condition`` holds, a minute at most: a loaded box is slow, not broken."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 -- the condition is another process's, which sets no event
            await asyncio.sleep(0.005)


async def started(endless: Path) -> tuple["asyncio.Task[Document]", int]:
    """A conversion that hangs, and its process, confined."""
    before = children(server())
    task = asyncio.create_task(converted(endless))
    await until(lambda: bool(server() and children(server()) - before))
    (pid,) = children(server()) - before
    await until(lambda: is_ready(pid))
    return task, pid


def endless(tmp_path: Path) -> Path:
    """A source that nobody ever writes to: whoever opens it waits."""
    path = tmp_path / "in.fifo"
    os.mkfifo(path)
    return path


def fresh() -> Iterator[None]:
    """To be a fixture: begins without a server, and leaves none."""
    launch.shutdown()
    yield
    launch.shutdown()
