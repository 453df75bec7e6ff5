"""Compares pictures taken out of a PDF by poppler with those of the source: lossless.py OUT PAGES SOURCE..."""

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageChops

Image.MAX_IMAGE_PIXELS = None


def verdict(out: Path, pages: int, sources: list[Path]) -> str:
    """``yes``, ``no``, or what is wrong with the PDF. The first, the middle and the last page are looked at."""
    said = subprocess.run(["pdfinfo", str(out)], capture_output=True, text=True, check=False).stdout
    count = next((int(line.split()[1]) for line in said.splitlines() if line.startswith("Pages:")), None)
    if count is None:
        return "no PDF"
    if count != pages:
        return f"{count} pages"
    return "yes" if all(_is_same(out, number, sources) for number in {1, (pages + 1) // 2, pages}) else "no"


def _is_same(out: Path, number: int, sources: list[Path]) -> bool:
    with tempfile.TemporaryDirectory(prefix="scangate-bench-") as name:
        found = _extracted(out, number, Path(name) / "out")
        if sources[0].suffix == ".pdf":
            wanted = _extracted(sources[0], number, Path(name) / "in")
        elif len(sources) > 1:
            wanted = Image.open(sources[number - 1])
        else:
            wanted = Image.open(sources[0])
            wanted.seek(number - 1)
        if found is None or wanted is None or found.size != wanted.size:
            return False
        mode = "L" if wanted.mode == "1" else wanted.mode
        difference = ImageChops.difference(found.convert(mode), wanted.convert(mode))
        return difference.getbbox() is None


def _extracted(pdf: Path, number: int, prefix: Path) -> Image.Image | None:
    page = str(number)
    subprocess.run(["pdfimages", "-j", "-f", page, "-l", page, str(pdf), str(prefix)], check=True, capture_output=True)
    files = sorted(prefix.parent.glob(f"{prefix.name}-*"))
    return Image.open(files[0]) if len(files) == 1 else None


if __name__ == "__main__":
    print(verdict(Path(sys.argv[1]), int(sys.argv[2]), [Path(name) for name in sys.argv[3:]]))
