"""What of the tools that recognise text is missing on this box, and what to install."""

import importlib.metadata
import shutil
import subprocess

from image.ocr.reading import Reading

OLDEST_MAJOR = 17
"""OCRmyPDF 17 renders pages without Ghostscript, and writes the log this package reads."""

_LIST_TIMEOUT_S = 20


def missing(reading: Reading) -> str:
    """A sentence on what ``reading`` needs and this box has not, and what to install; empty when it is all there.

    It runs ``tesseract --list-langs``, some ten milliseconds.
    """
    try:
        version = importlib.metadata.version("ocrmypdf")
    except importlib.metadata.PackageNotFoundError:
        return "OCRmyPDF is not installed: pip install scangate[ocr]"
    if int(version.partition(".")[0]) < OLDEST_MAJOR:
        return f"OCRmyPDF {version} is too old: pip install --upgrade scangate[ocr]"
    tesseract = shutil.which("tesseract")
    if tesseract is None:
        return "Tesseract is not installed: apt install tesseract-ocr"
    wanted = [*reading.languages, *(["osd"] if reading.rotates else [])]
    lacking = sorted(set(wanted) - _languages(tesseract))
    if lacking:
        packages = " ".join(f"tesseract-ocr-{name.replace('_', '-').lower()}" for name in lacking)
        return f"Tesseract has no data for {', '.join(lacking)}: apt install {packages}"
    return ""


def _languages(tesseract: str) -> set[str]:
    try:
        said = subprocess.run(
            [tesseract, "--list-langs"], capture_output=True, text=True, timeout=_LIST_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return set()
    return set(said.stdout.splitlines()[1:])
