"""A process that takes one scan, or recovers, and dies at a step of it: run once for every step there is.

``python -m tests.gateway.spool.crashing WAY ROOT`` works in ``ROOT/001``, ``ROOT/002``… and dies there at the first,
second… step, as by ``kill -9``; in the last of them it comes through. ``share-twice`` dies in the share's way first and
then again in the recovery, for every pair; ``folder-twice`` the same with a scan and its sidecar in a sub-folder, which
is removed where the claim has emptied it. Steps are durable's checkpoints, both sides of a claim's rename and of the
journal's entry and of the note of a mail, and every rename, removal and directory that Python's audit events tell of.
"""

import asyncio
import os
import smtplib
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from conf.model import Config
from gateway.arrive.folder import FolderDoor
from gateway.arrive.listener import Listener
from gateway.spool import durable, files
from gateway.spool.envelope import Original
from gateway.spool.files import Finished
from gateway.spool.journal import Journal
from gateway.spool.repeats import Repeats
from hotfolder import claim, lease
from hotfolder.arrival import Arrival, ArrivedFile
from hotfolder.look import stamp_of
from tests.gateway.spool.given import NOW, NOW_S, config, envelope, opened

DEAD: Final = 99
SCANS: Final = {"one.pdf": b"%PDF-1.4 one", "two.pdf": b"%PDF-1.4 two"}
PAGES: Final = {f"Doc_{number:04d}.tif": b"page %d" % number for number in (9998, 9999, 1, 2, 3)}
"""A scan of several files whose names do not sort as its pages do."""
FOLDER: Final = "alice@contoso.com"
IN_FOLDER: Final = {"one.pdf": b"%PDF-1.4 one", "one.txt": b"Subject: Invoice\r\n"}
MAIL: Final = "Subject: scan\r\n\r\nThe scan.\r\n"
MAILS: Final = 3
TOLD: Final = "acknowledged"
STEP: Final = "died-at"

_EVENTS: Final = frozenset({"os.rename", "os.remove", "os.rmdir", "os.mkdir"})


def arm(root: Path, at: int) -> None:
    """Have this process die at its ``at``-th step from now on; the name of the step stays in the root."""
    passed = 0

    def step(name: str) -> None:
        nonlocal passed
        passed += 1
        if passed == at:
            fd = os.open(root / STEP, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.write(fd, name.encode())
            os._exit(DEAD)

    def between(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **named: Any) -> Any:
            step(f"before {name}")
            result = function(*args, **named)
            step(f"after {name}")
            return result

        return wrapped

    durable.checkpoint = step
    claim.rename_exclusive = between("claim rename", claim.rename_exclusive)  # type: ignore[attr-defined]
    Journal.admit_all = between("journal", Journal.admit_all)  # type: ignore[method-assign]
    Repeats.note = between("note", Repeats.note)  # type: ignore[method-assign]
    sys.addaudithook(lambda event, args: step(f"{event} {args[0]!r}") if event in _EVENTS else None)


def take_mail(configured: Config, at: int) -> None:
    """Take one mail over a real connection; its job id is noted once the client has heard 250."""
    root = configured.gateway.state.parent

    def send(port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.ehlo("printer")
            client.mail("printer@local")
            client.rcpt("office@contoso.com")
            code, said = client.data(MAIL)
        if code == 250:
            (root / TOLD).write_bytes(said.rpartition(b" ")[2])

    async def session() -> None:
        with opened(configured) as box:
            listener = Listener(box.intake, configured.smtp[:1])
            await listener.open()
            assert listener.server is not None
            port = listener.server.sockets[0].getsockname()[1]
            arm(root, at)
            await asyncio.to_thread(send, port)
            await listener.close()

    asyncio.run(session())


def take_repeatable_mail(configured: Config, at: int) -> None:
    """Take one mail at a listener that recognises repeats."""
    take_mail(knowing_repeats(configured), at)


def knowing_repeats(configured: Config) -> Config:
    """The same configuration, its listener with ``repeats``."""
    listener = replace(configured.smtp[0], repeats=600.0)
    return replace(configured, smtp=(listener,))


def take_mails(configured: Config, at: int) -> None:
    """Commit three mails together; their job ids are noted once their devices may be answered."""
    root = configured.gateway.state.parent
    with opened(configured) as box:
        finished = []
        for number in range(MAILS):
            draft = files.begin(box.spool, NOW)
            text = MAIL.encode() + b"%d" % number
            (draft.originals / "0001").write_bytes(text)
            original = Original("0001", "scan.eml", len(text), sha256(text).hexdigest())
            finished.append(Finished(draft, envelope(draft.id, originals=(original,))))
        arm(root, at)
        assert files.commit_all(box.spool, finished) == [None] * MAILS
        (root / TOLD).write_text(" ".join(one.draft.id for one in finished), encoding="ascii")
        box.journal.admit_all([one.envelope for one in finished], NOW_S)


def take_scans(configured: Config, at: int) -> None:
    """Take two files from the share as one scan."""
    take(configured, at, SCANS)


def take_pages(configured: Config, at: int) -> None:
    """Take all pages of a folder in the share as one scan."""
    take(configured, at, PAGES, "job")


def take(configured: Config, at: int, scan: dict[str, bytes], folder: str = "") -> None:
    """Take several files from the share, or a folder in it, as one scan."""
    share = configured.share[0]
    with opened(configured) as box:
        paths = [share.path / folder / name for name in scan]
        paths[0].parent.mkdir(exist_ok=True)
        for path, contents in zip(paths, scan.values(), strict=True):
            path.write_bytes(contents)
        found = tuple(ArrivedFile(path, stamp_of(path.stat()), folder=folder) for path in paths)
        arm(configured.gateway.state.parent, at)
        FolderDoor(box.intake, share)._take(Arrival(share.name, found, notes=("A page is missing.",)))


def take_from_folder(configured: Config, at: int) -> None:
    """Take a scan and its sidecar out of a person's folder."""
    root = configured.gateway.state.parent
    ways = {"folders": "address", "sidecars": True, "recipients": ["contoso.com"]}
    addressed = config(root, share=[{"name": "scans", "path": root / "share", **ways}])
    share = addressed.share[0]
    with opened(addressed) as box:
        (share.path / FOLDER).mkdir()
        for name, contents in IN_FOLDER.items():
            (share.path / FOLDER / name).write_bytes(contents)
        paths = [share.path / FOLDER / name for name in IN_FOLDER]
        found = tuple(
            ArrivedFile(path, stamp_of(path.stat()), folder=FOLDER, is_sidecar=path.suffix == ".txt") for path in paths
        )
        arm(root, at)
        FolderDoor(box.intake, share)._take(Arrival(share.name, found))


def start_again_without_folder(configured: Config, at: int) -> None:
    """Recover what is there, the folder having been removed by its owner if it was empty."""
    with suppress(OSError):
        (configured.share[0].path / FOLDER).rmdir()
    start_again(configured, at)


def start_again(configured: Config, at: int) -> None:
    """Recover what is there."""
    with opened(configured) as box:
        arm(configured.gateway.state.parent, at)
        box.recover()


def comes_through(way: Callable[[Config, int], None], root: Path, at: int) -> bool:
    """Go a way in a process of its own that dies at a step; tell whether it came to its end before that."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            way(config(root), at)
            code = 0
        except BaseException:  # noqa: BLE001  a child of fork must end here
            traceback.print_exc()
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code not in {0, DEAD}:
        sys.exit(f"step {at} in {root} ended with {code}")
    return code == 0


def each_step(way: Callable[[Config, int], None], root: Path) -> None:
    """Go a way again and again, dying one step later each time, until it comes through."""
    at = 1
    while True:
        work = root / f"{at:03d}"
        work.mkdir(parents=True)
        if comes_through(way, work, at):
            return
        at += 1


def each_pair(take: Callable[[Config, int], None], again: Callable[[Config, int], None], root: Path) -> None:
    """Die at every step of taking a scan, and then at every step of the recovery from it."""
    first, is_last = 1, False
    while not is_last:
        second = 1
        while True:
            work = root / f"{first:03d}-{second:03d}"
            work.mkdir(parents=True)
            is_last = comes_through(take, work, first)
            if comes_through(again, work, second):
                break
            second += 1
        first += 1


if __name__ == "__main__":
    lease.ignore_sigio()
    asked, base = sys.argv[1], Path(sys.argv[2])
    match asked:
        case "smtp":
            each_step(take_mail, base)
        case "repeats":
            each_step(take_repeatable_mail, base)
        case "mails":
            each_step(take_mails, base)
        case "share":
            each_step(take_scans, base)
        case "pages":
            each_step(take_pages, base)
        case "share-twice":
            each_pair(take_scans, start_again, base)
        case _:
            each_pair(take_from_folder, start_again_without_folder, base)
