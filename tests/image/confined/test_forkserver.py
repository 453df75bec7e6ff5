"""The fork server: what its end means for jobs, and what it leaves behind."""

import asyncio
import os
import selectors
import signal
import socket
import sys
from pathlib import Path

import pytest

from image.confined import forkserver, launch, worker
from image.confined.exchange import end_from_json
from image.confined.worker import failure
from tests.image.drawn import page, saved
from tests.image.processes import children, endless, fresh, is_gone, open_files, server, started, until
from tests.image.through_worker import converted, refusal, written

own_server = pytest.fixture(autouse=True)(fresh)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A scan of one page."""
    return written(tmp_path / "in.png", saved(page(), "PNG"))


async def test_the_server_stays_for_the_next_job(source: Path):
    """One server serves job after job, and has one thread: a process of several must not fork."""
    await converted(source)
    first = server()
    await converted(source)
    assert first == server() != 0
    assert os.listdir(f"/proc/{first}/task") == [str(first)]


async def test_a_server_killed_in_a_job(source: Path, tmp_path: Path):
    """The death of the server is this box's trouble: its job waits for another attempt, and the next one is done."""
    (tmp_path / "hangs").mkdir()
    task, pid = await started(endless(tmp_path / "hangs"))
    os.kill(server(), signal.SIGKILL)
    with pytest.raises(OSError, match="no answer"):
        await task
    await until(lambda: is_gone(pid))
    assert len((await converted(source)).pages) == 1


async def test_a_server_killed_between_jobs(source: Path):
    """A server that died unnoticed is replaced, and nobody waits."""
    await converted(source)
    first = server()
    os.kill(first, signal.SIGKILL)
    await until(lambda: is_gone(first))
    assert len((await converted(source)).pages) == 1
    assert server() not in {0, first}
    assert first not in children(os.getpid())


@pytest.mark.parametrize("program", ["/bin/false", "/nowhere/python"])
async def test_a_server_that_cannot_start_is_temporary(source: Path, monkeypatch: pytest.MonkeyPatch, program: str):
    """A broken installation is our trouble: the scan is kept for another attempt."""
    monkeypatch.setattr(sys, "executable", program)
    with pytest.raises(OSError, match=r"no answer|No such file"):
        await converted(source)
    assert server() == 0


async def test_thirty_jobs_leave_nothing(source: Path, tmp_path: Path):
    """Thirty jobs that are done, refused or killed leave no process, no file open, here or in the server."""
    (tmp_path / "bad").mkdir()
    bad = written(tmp_path / "bad" / "in.tif", b"")
    (tmp_path / "hangs").mkdir()
    hanging = endless(tmp_path / "hangs")
    await converted(source)
    before = (server(), open_files(server()), open_files(os.getpid()), children(os.getpid()))
    for _ in range(10):
        await converted(source)
        await refusal(bad)
        task, pid = await started(hanging)
        os.kill(pid, signal.SIGKILL)
        assert isinstance((await asyncio.gather(task, return_exceptions=True))[0], Exception)
    assert children(server()) == set()
    assert (server(), open_files(server()), open_files(os.getpid()), children(os.getpid())) == before


async def test_jobs_go_on_at_once(tmp_path: Path):
    """Many conversions run side by side, and one that hangs or dies holds up none."""
    (tmp_path / "hangs").mkdir()
    task, pid = await started(endless(tmp_path / "hangs"))
    sources = []
    for number in range(8):
        (tmp_path / str(number)).mkdir()
        sources.append(written(tmp_path / str(number) / "in.png", saved(page(), "PNG")))
    documents = await asyncio.gather(*map(converted, sources))
    assert {len(document.pages) for document in documents} == {1}
    assert children(server()) == {pid}
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_one_server_for_every_loop(source: Path):
    """The server belongs to no event loop: it outlives the one it was started on."""
    asyncio.run(_converted(source))
    first = server()
    asyncio.run(_converted(source))
    assert first == server() != 0


async def _converted(source: Path) -> None:
    await converted(source)


async def test_an_idle_server_ends(source: Path, monkeypatch: pytest.MonkeyPatch):
    """The memory of a server without work is given back, and the next job starts another."""
    monkeypatch.setattr(launch, "IDLE_S", 0.05)
    await converted(source)
    first = server()
    await until(lambda: server() == 0)
    assert first not in children(os.getpid())
    await converted(source)
    assert server() not in {0, first}


async def test_a_server_with_work_is_not_idle(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A long job keeps its server, however long ago the last one began."""
    monkeypatch.setattr(launch, "IDLE_S", 0.0)
    (tmp_path / "hangs").mkdir()
    task, pid = await started(endless(tmp_path / "hangs"))
    await converted(source)
    await asyncio.sleep(0)
    assert pid in children(server())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: server() == 0)


async def test_shutdown_ends_all(tmp_path: Path):
    """After a shutdown there is neither server nor child, and whoever still waits is told."""
    task, pid = await started(endless(tmp_path))
    first = server()
    worker.shutdown()
    assert server() == 0
    assert first not in children(os.getpid())
    with pytest.raises(OSError, match="no answer"):
        await task
    await until(lambda: is_gone(pid))


def test_no_process_to_be_had(monkeypatch: pytest.MonkeyPatch):
    """Where the system grants no process, the job is told so, and the server goes on."""

    def refuse() -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", refuse)
    pairs = [socket.socketpair() for _ in range(forkserver.SOCKETS)]
    with selectors.DefaultSelector() as selector:
        forkserver._start([theirs.detach() for _, theirs in pairs], set(), selector)
    told = [ours.recv(1000) for ours, _ in pairs]
    for ours, _ in pairs:
        ours.close()
    assert told[1:] == [b"", b""]
    assert isinstance(failure(end_from_json(told[0]).code, ""), OSError)
