"""The other side of a PDF: what poppler and qpdf, which share no code with us, see in it."""

import re
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

_WITH_WARNINGS = 3
_OF_JPEG_DATA = ("Pl_DCT::decompress", "stream will be re-processed without filtering")


def checked(pdf: Path) -> None:
    """Holds when qpdf finds neither error nor warning in the file.

    From version 12 on it looks into JPEG data as well, which is the scanner's and goes in as it came.
    """
    result = subprocess.run(["qpdf", "--check", str(pdf)], capture_output=True, text=True, check=False)
    warnings = [line for line in result.stderr.splitlines() if line.startswith("WARNING: ")]
    is_jpeg_only = all(any(words in line for words in _OF_JPEG_DATA) for line in warnings)
    assert result.returncode in ({0, _WITH_WARNINGS} if warnings and is_jpeg_only else {0}), (
        result.stdout + result.stderr
    )


def page_sizes(pdf: Path) -> list[tuple[float, float]]:
    """Width and height in points of every page, before its rotation, as pdfinfo prints them."""
    text = subprocess.run(
        ["pdfinfo", "-f", "1", "-l", "9999", str(pdf)], capture_output=True, text=True, check=True
    ).stdout
    return [(float(w), float(h)) for w, h in re.findall(r"Page +\d+ size: +([\d.]+) x ([\d.]+) pts", text)]


def extracted(pdf: Path) -> list[Image.Image]:
    """The pixels of every image in the file, in order."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["pdfimages", "-png", str(pdf), f"{folder}/image"], capture_output=True, check=True)
        return [_loaded(path) for path in sorted(Path(folder).iterdir())]


def native(pdf: Path) -> list[bytes]:
    """The bytes of every image as they stand in the file, for formats that are files by themselves (JPEG)."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["pdfimages", "-all", str(pdf), f"{folder}/image"], capture_output=True, check=True)
        return [path.read_bytes() for path in sorted(Path(folder).iterdir())]


def rendered(pdf: Path, dpi: float, page: int = 1) -> Image.Image:
    """A page as it is shown."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["pdftoppm", "-png", "-r", str(dpi), "-f", str(page), "-l", str(page), str(pdf), f"{folder}/page"]
        subprocess.run(command, capture_output=True, check=True)
        (path,) = Path(folder).iterdir()
        return _loaded(path)


def text_of(pdf: Path) -> str:
    """The words on all pages."""
    return subprocess.run(["pdftotext", str(pdf), "-"], capture_output=True, text=True, check=True).stdout


def unpacked(pdf: Path) -> bytes:
    """The file with every stream unpacked, for searching: what is compressed hides from a search."""
    return subprocess.run(
        ["qpdf", "--qdf", "--object-streams=disable", str(pdf), "-"], capture_output=True, check=False
    ).stdout


def _loaded(path: Path) -> Image.Image:
    with Image.open(path) as image:
        image.load()
        return image.copy()
