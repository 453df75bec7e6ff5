"""Thumbnails made in a process of its own."""

from dataclasses import replace
from pathlib import Path

import pytest

from image.confined import worker
from image.confined.exchange import (
    MAX_THUMBNAIL_BYTES,
    End,
    Thumbnails,
    Usage,
    answer_from_json,
    answer_to_json,
)
from image.document import Document, Part, Thumbnail
from image.errors import ScanError, ScanFault
from image.make import first_pages, thumbnails
from image.pdf import thumbnails as made_here
from tests.image.drawn import page, saved
from tests.image.through_worker import MEMORY_BYTES, converted, written

OUT = Path("/spool/out.pdf")
SMALL = Thumbnail(1, 240, 340, b"\xff\xd8\xff\xe0 and so on \xff\xd9")


@pytest.fixture
async def document(tmp_path: Path) -> Document:
    """A finished PDF of one page."""
    return await converted(written(tmp_path / "in.png", saved(page(), "PNG")))


async def test_the_same_as_in_this_process(document: Document):
    """The worker's thumbnails are those made here, whose bytes arrive whole; the PDF stays as it is."""
    before = document.path.read_bytes()
    made, why = await thumbnails(document, 3, MEMORY_BYTES)
    assert (made, why) == (made_here.thumbnails(document.path, (1,)), "")
    assert made
    assert document.path.read_bytes() == before


async def test_none_are_asked_for(document: Document, monkeypatch: pytest.MonkeyPatch):
    """Where no page is to be shown no process is started."""
    monkeypatch.setattr(worker, "thumbnails", None)
    assert await thumbnails(document, 0, MEMORY_BYTES) == ((), "")


async def test_time_is_limited_and_the_pdf_stays(document: Document, monkeypatch: pytest.MonkeyPatch):
    """When there is no time the scan goes without, and says so; the PDF is untouched."""
    monkeypatch.setattr("image.make.THUMBNAILS_S", 0.001)
    made, why = await thumbnails(document, 3, MEMORY_BYTES)
    assert made == ()
    assert "took too long" in why
    assert document.path.is_file()


async def test_a_damaged_pdf_is_no_failure(document: Document):
    """What cannot be read costs the scan nothing but its thumbnails."""
    document.path.write_bytes(b"%PDF-1.7 nothing")
    made, why = await thumbnails(document, 3, MEMORY_BYTES)
    assert made == ()
    assert "damaged" in why
    assert document.path.is_file()


def test_which_pages_are_shown():
    """The first of the scan, or of each of its mails, and not without end."""
    one = Document(OUT, (None,) * 5, 9)  # type: ignore[arg-type]
    assert first_pages(one, 3) == (1, 2, 3)
    assert first_pages(one, 0) == ()
    parts = (Part(OUT, 1, 2, 9), Part(OUT, 3, 2, 9), Part(OUT, 5, 1, 9))
    assert first_pages(replace(one, parts=parts), 2) == (1, 2, 3, 4, 5)
    assert first_pages(replace(one, parts=parts), 1) == (1, 3, 5)
    many = tuple(Part(OUT, 1 + 5 * at, 5, 9) for at in range(100))
    assert len(first_pages(replace(one, parts=many), 4)) == 24


@pytest.mark.parametrize(
    "changed",
    [
        {"width_px": 0},
        {"height_px": 5000},
        {"width_px": 1.5},
        {"page": "1"},
        {"jpeg": "%%"},
        {"jpeg": 3},
        {"jpeg": "aGVsbG8="},
        {"jpeg": None},
    ],
)
def test_what_is_no_thumbnail_is_no_answer(changed: dict[str, object]):
    """A child that was taken over cannot put anything but a small JPEG into a mail."""
    import json

    said = json.loads(answer_to_json(Thumbnails((SMALL,))))
    assert answer_from_json(json.dumps(said).encode(), OUT) == Thumbnails((SMALL,))
    said["thumbnails"][0].update(changed)
    assert answer_from_json(json.dumps(said).encode(), OUT) is None


def test_a_large_thumbnail_is_no_answer():
    """Nor is one that is not small."""
    large = replace(SMALL, jpeg=b"\xff\xd8\xff" + bytes(MAX_THUMBNAIL_BYTES) + b"\xff\xd9")
    assert answer_from_json(answer_to_json(Thumbnails((large,))), OUT) is None


@pytest.mark.parametrize(
    "answer",
    [
        Thumbnails((replace(SMALL, page=2),)),
        Thumbnails((SMALL, SMALL)),
        Document(OUT, (), 9),
        ScanError(ScanFault.DAMAGED, "No."),
    ],
)
async def test_another_answer_is_a_failure(answer: object, document: Document, monkeypatch: pytest.MonkeyPatch):
    """Pages that were not asked for, a document or a refusal: the mail goes without, and the PDF stays."""

    async def run(*_args: object) -> worker._Outcome:
        return worker._Outcome(End(0, Usage(0, 0.0)), answer_to_json(answer), "")  # type: ignore[arg-type]

    monkeypatch.setattr(worker, "_run", run)
    made, why = await thumbnails(document, 3, MEMORY_BYTES)
    assert made == ()
    assert why
    assert document.path.is_file()


async def test_thumbnails_are_no_document(document: Document, monkeypatch: pytest.MonkeyPatch):
    """Who asked for a PDF takes nothing else for it."""

    async def run(*_args: object) -> worker._Outcome:
        return worker._Outcome(End(0, Usage(0, 0.0)), answer_to_json(Thumbnails((SMALL,))), "")

    monkeypatch.setattr(worker, "_run", run)
    with pytest.raises(ScanError) as caught:
        await converted(document.path.with_name("in.png"))
    assert caught.value.fault is ScanFault.CRASHED
