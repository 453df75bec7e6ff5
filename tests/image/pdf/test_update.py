"""Streams replaced by an update at a file's end."""

import io
from pathlib import Path

import pytest
from pikepdf import Pdf

from image.errors import ScanError
from image.pdf.update import Update
from tests.image.poppler import checked
from tests.image.scanned_pdf import scan


def test_an_update_counts_once_it_is_finished_and_can_be_undone(tmp_path: Path):
    """Until then, and after undo, readers see the file as it was, byte for byte."""
    path = tmp_path / "in.pdf"
    scan(3).save(path)
    before = path.read_bytes()
    with path.open("r+b") as file, Pdf.open(path) as pdf:
        second = pdf.pages[1].obj
        key = second.Contents.objgen
        trailer = b"/Root %s /Size %d" % (pdf.Root.unparse(), int(pdf.trailer.Size))
        for _ in range(2):
            update = Update(file)
            update.replace(key, b"<< /Length 3 >>", b"q Q")
            file.flush()
            with Pdf.open(path) as seen:
                assert seen.pages[1].obj.Contents.read_bytes().startswith(b"q 119.52")
            update.finish(trailer)
            checked(path)
            with Pdf.open(path) as seen:
                assert seen.pages[1].obj.Contents.read_bytes() == b"q Q"
                assert seen.pages[2].obj.Contents.read_bytes().startswith(b"q 119.52")
            update.undo()
            assert path.read_bytes() == before


def test_a_file_without_an_end_is_not_updated():
    """It was not made by us: a refusal, not a broken file."""
    with pytest.raises(ScanError):
        Update(io.BytesIO(b"%PDF-1.7 and no more"))
