"""to_pdf in a process of its own."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from image.confined.worker import failure
from image.convert import to_pdf
from image.errors import ScanError, ScanFault
from tests.image.drawn import page, saved
from tests.image.through_worker import LIMITS, MADE_AT, ROOT, converted, refusal, written


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A scan that must be decoded and encoded."""
    path = tmp_path / "in.tif"
    path.write_bytes(saved(page(), "TIFF", compression="tiff_lzw"))
    return path


async def test_the_same_as_in_this_process(source: Path):
    """The worker's document is the one that to_pdf makes here."""
    document = await converted(source)
    assert document == to_pdf([source], source.with_name("out.pdf"), LIMITS, MADE_AT)


async def test_names_of_any_bytes(tmp_path: Path):
    """A file whose name is no text is converted as any other."""
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xe9\n.tif"))
    assert len((await converted(written(odd, saved(page(), "PNG")))).pages) == 1


async def test_a_refusal_comes_back(tmp_path: Path):
    """Kind and sentence of a refusal arrive."""
    error = await refusal(written(tmp_path / "in.tif", b""))
    assert error.fault is ScanFault.EMPTY
    assert error.sentence == "The file from the scanner is empty. Please scan again."


async def test_a_timeout_is_told(source: Path):
    """A conversion that takes too long is ended and refused as such."""
    assert (await refusal(source, timeout_s=0.01)).fault is ScanFault.TIMEOUT


async def test_a_full_disk_is_our_trouble(source: Path):
    """No room on our disk comes back as an OSError with its number."""
    source.with_name("out.pdf").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as caught:
        await converted(source)
    assert caught.value.errno == errno.ENOSPC


@pytest.mark.parametrize(
    ("code", "complaint", "fault"),
    [
        (-signal.SIGXCPU, "", ScanFault.TIMEOUT),
        (-signal.SIGKILL, "", ScanFault.TOO_LARGE),
        (-signal.SIGABRT, "terminate called after throwing an instance of 'std::bad_alloc'", ScanFault.TOO_LARGE),
        (1, "Traceback …\nMemoryError", ScanFault.TOO_LARGE),
        (-signal.SIGABRT, "free(): invalid pointer", ScanFault.CRASHED),
        (-signal.SIGBUS, "", ScanFault.CRASHED),
    ],
)
def test_what_an_end_without_answer_means(code: int, complaint: str, fault: ScanFault):
    """Time, memory and crashes are told apart by how the process ended."""
    found = failure(code, complaint)
    assert isinstance(found, ScanError)
    assert found.fault is fault


def test_an_unknown_end_is_temporary():
    """An end nobody foresaw is not held against the scan."""
    found = failure(1, "Traceback …\nImportError: no module named image")
    assert isinstance(found, OSError)
    assert found.errno == errno.EIO
    assert "ImportError: no module named image" in str(found)


def test_the_service_stays_small():
    """Importing the worker brings in none of the libraries that read scans."""
    code = "import sys, image.confined.worker; print([m for m in ('PIL', 'pypdf', 'pikepdf') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert result.stdout.strip() == "[]"
