"""The service ended in the midst of a conversion: no process stays, and the scan arrives once after the restart."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.image.processes import children, is_gone, of_process
from tests.image.through_ocr import g4
from tests.image.worded import worded
from tests.path.box import Box
from tests.path.fitting import by_number, delivered, pages_of, to_maildir
from tests.path.test_fitting import bytes_of, pdf_of
from tests.path.test_kill import start_stopping_at
from tests.peers import mailbox, scans
from tests.peers.loopback import wait_until


def descendants(pid: int) -> set[int]:
    """All processes below ``pid``."""
    below = children(pid)
    return below.union(*(descendants(child) for child in below))


def runs(pid: int, word: str) -> bool:
    """Tell whether one of the words of a process's command is this."""
    return word in of_process(pid, "cmdline")


def slow_scan() -> bytes:
    """A scan that takes seconds to convert."""
    return scans.tiff([scans.page(mode="RGB", size_px=(1600, 2200))] * 40, "tiff_lzw")


def is_converting(box: Box) -> bool:
    """Tell whether the fork server of the box has a child at work."""
    assert box.process is not None
    return any(runs(pid, "image.confined.forkserver") and children(pid) for pid in children(box.process.pid))


def is_reading(box: Box) -> bool:
    """Tell whether Tesseract runs for the box."""
    assert box.process is not None
    return any(runs(pid, "tesseract") for pid in descendants(box.process.pid))


def put(box: Box, scan: bytes, name: str) -> None:
    """Drop a scan into the share, whole at once."""
    (box.share / ".draft").write_bytes(scan)
    (box.share / ".draft").rename(box.share / name)


@pytest.mark.parametrize("end", [Box.kill, Box.stop])
@pytest.mark.parametrize(
    ("setting", "scan", "is_at_work", "pages"),
    [
        ("", slow_scan, is_converting, 40),
        ("ocr = true", lambda: g4(*[worded(30, dpi=300)] * 3), is_reading, 3),
    ],
    ids=["converting", "reading"],
)
def test_ended_at_work(
    end: Callable[[Box], None],
    setting: str,
    scan: Callable[[], bytes],
    is_at_work: Callable[[Box], bool],
    pages: int,
    make_box: Callable[..., Box],
    tmp_path: Path,
):
    """By kill -9 or as systemd does: all that the service started ends, and the scan arrives once, from the start."""
    box = to_maildir(make_box, setting)
    box.start()
    put(box, scan(), "scan.tif")
    wait_until(lambda: is_at_work(box), 30, "the work")
    assert box.process is not None
    started = descendants(box.process.pid)
    end(box)
    wait_until(lambda: all(map(is_gone, started)), 10, "the end of all that the service started")
    assert delivered(box) == []
    box.start()
    wait_until(lambda: box.is_at_rest() and bool(delivered(box)), 60, "the mail")
    assert box.process is not None
    started = descendants(box.process.pid)
    box.stop()
    wait_until(lambda: all(map(is_gone, started)), 10, "the end of all that the service started")
    (mail,) = delivered(box)
    (tmp_path / "out.pdf").write_bytes(mailbox.only_pdf(mail))
    assert mailbox.pdfinfo(tmp_path / "out.pdf").pages == pages
    assert [path for path in (box.state / "spool").rglob("*") if path.is_file()] == []


def split_box(make_box: Callable[..., Box]) -> Box:
    """A box that splits ``pdf_of(3)`` into three mails."""
    return to_maildir(make_box, 'mail_limit = "800 kB"\nover_limit = ["split"]')


def kill_and_recover(box: Box, scan: bytes, step: int, name: str) -> None:
    """Kill the box at one step of a split scan's path, start it again, and hold that three mails come, each once."""
    start_stopping_at(box, step)
    put(box, scan, "scan.pdf")
    running = box.process
    assert running is not None
    wait_until(lambda: not running.is_running(), 60, f"kill at step {step} ({name})")
    box.kill()
    box.start()
    wait_until(lambda: box.is_at_rest() and len(delivered(box)) >= 3, 60, f"rest after step {step} ({name})")
    box.stop()
    mails = by_number(delivered(box))
    assert [pages_of(mail, box.folder) for mail in mails] == [[0], [1], [2]], (step, name)
    assert [path for path in (box.state / "spool").rglob("*") if path.is_file()] == [], (step, name)


def test_killed_while_it_splits(make_box: Callable[..., Box]):
    """A kill between the first mail written and the last one entered leaves three mails, each once."""
    scan, first = bytes_of(pdf_of(3)), split_box(make_box)
    steps = start_stopping_at(first, 0)
    put(first, scan, "scan.pdf")
    wait_until(lambda: len(delivered(first)) == 3, 30, "the mails")
    first.stop()
    names = steps.read_text(encoding="utf-8").splitlines()
    begin, end = names.index("after admit_all") + 2, len(names) - names[::-1].index("after make_ready")
    assert end - begin > 40
    with ThreadPoolExecutor(max_workers=4) as several:
        # Every step of the station alone is in test_runner_split; here every third, with all that is around it.
        ends = [
            several.submit(kill_and_recover, split_box(make_box), scan, step, names[step - 1])
            for step in range(begin, end + 1, 3)
        ]
    for one in ends:
        one.result()
