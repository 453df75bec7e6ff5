import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest
from pikepdf import Array, Dictionary, Pdf

from image.document import Document, Page
from image.ocr.read import read
from image.ocr.reading import Reading
from tests.image.poppler import text_of
from tests.image.processes import children, until
from tests.image.through_convert import LIMITS, converted
from tests.image.through_ocr import TEXT, g4, left_over, unread
from tests.image.worded import worded

PAGE = g4(worded(lines=2))
MARK = f"61.{os.getpid()}"
"""An argument that no other process has."""

HANG = f"exec /bin/sleep {MARK}"
ROOT = Path(__file__).parents[3]


def unsearchable(why: str) -> str:
    """The note of a scan that could not be read."""
    return f"Text could not be recognised ({why}); the scan is complete but cannot be searched."


def tesseract(folder: Path, does: str) -> Path:
    """A folder with a Tesseract that answers when asked about itself, and ``does`` something else with a page."""
    programs = folder / "programs"
    programs.mkdir()
    script = programs / "tesseract"
    about = (
        "case $1 in --version) echo tesseract 5.3.0; exit;; --list-langs) echo List; echo eng; echo osd; exit;; esac"
    )
    script.write_text(f"#!/bin/sh\n{about}\n{does}\n")
    script.chmod(0o755)
    return programs


def customised(folder: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Has the reading process run ``code`` before anything else."""
    root = folder / "root"
    root.mkdir()
    (root / "image").symlink_to(ROOT / "image")
    (root / "sitecustomize.py").write_text(code)
    monkeypatch.setattr("image.ocr.read._ROOT", root)


def command_of(pid: int) -> bytes:
    """What a process was started with; nothing when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def hanging() -> list[int]:
    """The processes started by a Tesseract that hangs."""
    pids = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    return [pid for pid in pids if MARK.encode() in command_of(pid)]


async def test_tesseract_is_missing(tmp_path: Path):
    """Without Tesseract the note says what to install."""
    note = await unread(tmp_path, TEXT, PAGE, path=tmp_path)
    assert note == unsearchable("Tesseract is not installed: apt install tesseract-ocr")


async def test_a_language_is_missing(tmp_path: Path):
    """Without a language's data the note says what to install."""
    note = await unread(tmp_path, Reading(is_text=True, languages=("eng", "chi_sim")), PAGE)
    assert note == unsearchable("Tesseract has no data for chi_sim: apt install tesseract-ocr-chi-sim")


async def test_ocrmypdf_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Without the extra the note says what to install; pages that were only to be turned are said to be complete."""
    lost = "raise importlib.metadata.PackageNotFoundError"
    customised(
        tmp_path,
        monkeypatch,
        f"import importlib.metadata\ndef version(_):\n    {lost}\nimportlib.metadata.version = version\n",
    )
    note = await unread(tmp_path, Reading(rotates=True, deskews=True), PAGE)
    assert note == (
        "The pages could not be turned upright and straightened "
        "(OCRmyPDF is not installed: pip install scangate[ocr]); the scan is complete."
    )


@pytest.mark.parametrize("does", ["exit 3", "kill -SEGV $$", "echo nonsense"])
async def test_tesseract_fails(tmp_path: Path, does: str):
    """A Tesseract that fails, crashes or writes nothing costs the text, not the scan."""
    assert await unread(tmp_path, TEXT, PAGE, path=tesseract(tmp_path, does)) == unsearchable("Tesseract failed")


async def test_there_is_too_little_memory(tmp_path: Path):
    """With less memory than the tools need the scan goes unread."""
    note = await unread(tmp_path, Reading(is_text=True, memory_bytes=100_000_000), PAGE)
    assert note == unsearchable("it takes more memory than allowed")


async def test_there_is_no_room_beside_the_pdf(tmp_path: Path):
    """Where no folder can be made beside the PDF the scan goes unread."""
    document = Document(tmp_path / "gone" / "out.pdf", (Page(1, 1, "passed"),), 0)
    assert (await read(document, TEXT, LIMITS)).notes == (unsearchable("No such file or directory"),)


async def test_the_result_is_not_what_it_must_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A result that does not pass the second reader is thrown away."""
    customised(
        tmp_path,
        monkeypatch,
        "import image.ocr.reading\nimage.ocr.reading.pages_after = lambda pages, read: pages * 2\n",
    )
    assert await unread(tmp_path, TEXT, PAGE) == unsearchable("the result did not pass its check")


async def test_the_deadline_is_kept(tmp_path: Path):
    """A Tesseract that hangs is ended in time, with everything that was started."""
    started = time.monotonic()
    note = await unread(tmp_path, Reading(is_text=True, timeout_s=3), PAGE, path=tesseract(tmp_path, HANG))
    assert note == unsearchable("there was no time left")
    assert time.monotonic() - started < 60
    assert hanging() == []


IMPATIENT = """
import os, subprocess
wait = subprocess.Popen.wait
def impatient(self, timeout=None):
    while True:
        try:
            return wait(self, timeout and 0.05)
        except subprocess.TimeoutExpired:
            if os.path.exists(HUNG):
                raise
subprocess.Popen.wait = impatient
import image.ocr.reading
image.ocr.reading.RUN_PAGES = 1
"""
"""One page at a time, and no time left from when ``HUNG`` exists, however fast the box is."""


async def test_what_was_done_in_time_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The pages of the runs that ended in time are searchable, and the note names the others."""
    customised(tmp_path, monkeypatch, f"HUNG = {str(tmp_path / 'hung')!r}\n{IMPATIENT}")
    hangs = f'touch "{tmp_path}/hung"; {HANG}'
    once = f'if [ -e "$0.done" ]; then {hangs}; fi; touch "$0.done"; exec /usr/bin/tesseract "$@"'
    document = converted(tmp_path, g4(*[worded(lines=2)] * 3))
    monkeypatch.setenv("PATH", f"{tesseract(tmp_path, once)}:{os.environ['PATH']}")
    after = await read(document, Reading(is_text=True, timeout_s=120), LIMITS)
    assert after.notes == (
        "Text was recognised, so that the PDF can be searched.",
        "Text could not be recognised on pages 2 and 3 (there was no time left); the scan is complete.",
    )
    assert [page.action for page in after.pages] == ["encoded, read", "encoded", "encoded"]
    assert text_of(after.path).count("quotation") == 1


async def test_a_signed_pdf_stays_as_it_is(tmp_path: Path):
    """A PDF that was passed with its signature is not touched."""
    path = tmp_path / "signed.pdf"
    with Pdf.new() as pdf:
        pdf.add_blank_page()
        pdf.Root.AcroForm = Dictionary(Fields=Array(), SigFlags=3)
        pdf.save(path)
    document = Document(path, (Page(612, 792, "passed"),), 0, (), "it is signed")
    after = await read(document, TEXT, LIMITS)
    assert after.notes == (unsearchable("the PDF is signed and must stay as it is"),)


async def test_cancelling_ends_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """When the call is cancelled, no process and no file stays behind, and the PDF is as it was."""
    document = converted(tmp_path, PAGE)
    before = document.path.read_bytes()
    monkeypatch.setenv("PATH", str(tesseract(tmp_path, HANG)))
    task = asyncio.create_task(read(document, TEXT, LIMITS))
    await until(lambda: bool(hanging()))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: hanging() == [])
    assert document.path.read_bytes() == before
    assert left_over(document.path) == []


PARENT = """
import asyncio, pathlib, sys
from image.document import Document, Limits, Page
from image.ocr.read import read
from image.ocr.reading import Reading
path = pathlib.Path(sys.argv[1])
asyncio.run(read(Document(path, (Page(1, 1, ""),), 0), Reading(is_text=True), Limits()))
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
async def test_all_dies_with_the_service(tmp_path: Path, end: signal.Signals):
    """When the service is killed outright, neither OCRmyPDF nor Tesseract lives on."""
    document = converted(tmp_path, PAGE)
    environment = {"PATH": str(tesseract(tmp_path, HANG))}
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(document.path), cwd=ROOT, env=environment
    )
    await until(lambda: bool(hanging()))
    parent.send_signal(end)
    await parent.wait()
    await until(lambda: hanging() == [])


async def test_a_stop_of_the_service_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """SIGTERM to every process, as at a stop of the service, does not cost the text: the service ends the rest."""
    document = converted(tmp_path, PAGE)
    held = 'touch "$0.held"; until [ -e "$0.go" ]; do /bin/sleep 0.05; done; exec /usr/bin/tesseract "$@"'
    programs = tesseract(tmp_path, held)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    before = children(os.getpid())
    task = asyncio.create_task(read(document, TEXT, LIMITS))
    await until((programs / "tesseract.held").exists)
    (child,) = children(os.getpid()) - before
    os.killpg(child, signal.SIGTERM)
    (programs / "tesseract.go").touch()
    after = await task
    assert after.notes == ("Text was recognised, so that the PDF can be searched.",)
