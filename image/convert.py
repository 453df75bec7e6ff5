"""to_pdf: the files of one scan in, one PDF out."""

import contextlib
import errno
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count, groupby
from pathlib import Path
from typing import TYPE_CHECKING

from image.document import Document, Limits, Page, Written
from image.effort import Effort
from image.errors import TOO_MUCH_MEMORY, ScanError, ScanFault, is_local
from image.limit import check_page_count
from image.notes import flaw_notes
from image.plan.page import PageFacts, plan_page
from image.plan.step import PagePlan
from image.probe.bmp import probe_bmp
from image.probe.gif import probe_gif
from image.probe.jp2 import probe_jp2
from image.probe.jpeg import probe_jpeg
from image.probe.png import probe_png
from image.probe.tiff import probe_tiff
from image.reader import Reader, reader_of
from image.recipe import Recipe, Signed
from image.refusal import refusal_of
from image.sniff import HEAD_BYTES, TAIL_BYTES, Kind, sniff
from image.write.assemble import write_pages
from image.write.writer import PdfWriter

if TYPE_CHECKING:
    from image.pdf.joining import Joined

DEFAULT = Recipe()
LOOPED = "The TIFF from the scanner was damaged behind its last page; please check that no page is missing."
ANIMATED = "The file was an animation of {count} pictures; only the first is in the PDF."


@dataclass(frozen=True, slots=True)
class _ImageFile:
    """An image file and what will be done to each of its pages."""

    path: Path
    kind: Kind
    pages: tuple[PagePlan, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _PdfFile:
    """An incoming PDF."""

    path: Path


def to_pdf(
    sources: Sequence[Path],
    out: Path,
    limits: Limits,
    made_at: datetime,
    recipe: Recipe = DEFAULT,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Document:
    """Writes the pages of ``sources``, in the given order, to ``out`` as one PDF, and checks it with a second reader.

    ``made_at`` (with a time zone) is the only time in the file: the same input gives the same bytes. ``out`` is
    flushed, not made durable; it is removed when this fails. While PDFs are joined, parts stand beside it.
    ``progress`` is told, after each page of an image and each incoming PDF, how many are done and of how many.

    Raises ``ScanError`` for anything wrong with the files, and ``OSError`` for anything wrong with this box's disk.
    """
    try:
        return _converted(sources, out, limits, made_at, recipe, progress)
    except BaseException as error:
        with contextlib.suppress(OSError):
            out.unlink(missing_ok=True)
        if isinstance(error, Exception):
            raise as_promised(error) from error
        raise


def as_promised(error: Exception) -> ScanError | OSError:
    """What ``to_pdf`` raises for ``error``: libraries fail in many ways on bytes nobody meant them to read."""
    match error:
        case ScanError():
            return error
        case MemoryError():
            return ScanError(ScanFault.TOO_LARGE, TOO_MUCH_MEMORY)
        case ImportError():
            # The libraries are part of the installation; what keeps them out is memory, and that may come back.
            return OSError(errno.ENOMEM, f"a library could not be loaded: {error}")
        case OSError() if error.errno == errno.EFBIG:
            return ScanError(
                ScanFault.TOO_LARGE, "The PDF of this scan would be too large. Please scan fewer pages at a time."
            )
        case OSError() if is_local(error):
            return error
        case _:
            return ScanError(
                ScanFault.DAMAGED,
                f"The file from the scanner cannot be read ({type(error).__name__}). Please scan again.",
            )


def _converted(
    sources: Sequence[Path],
    out: Path,
    limits: Limits,
    made_at: datetime,
    recipe: Recipe,
    progress: Callable[[int, int], None] | None,
) -> Document:
    if not sources:
        raise ScanError(ScanFault.EMPTY, "The scan holds no file.")
    files = [_planned(path, limits, recipe) for path in sources]
    check_page_count(sum(len(file.pages) for file in files if isinstance(file, _ImageFile)), limits)
    tick = _ticking(files, progress)
    plain_because, is_untouched, effort = "", False, Effort(recipe.check)
    match files:
        case [_PdfFile(path)]:
            from image.pdf.clean import clean_pdf

            cleaned = clean_pdf(path, out, limits, made_at, recipe, effort)
            tick()
            pages, notes, written = cleaned.pages, cleaned.notes, cleaned.written
            plain_because, is_untouched = cleaned.plain_because, cleaned.is_untouched
        case _ if all(isinstance(file, _ImageFile) for file in files):
            images = [file for file in files if isinstance(file, _ImageFile)]
            pages, written = _write_images(images, out, limits, made_at, recipe, tick, effort)
            notes = tuple(note for file in images for note in file.notes)
        case _:
            pages, notes, joined = _join(files, out, limits, made_at, recipe, tick, effort)
            written, plain_because = joined.written, joined.plain_because
    from image.verify import verify

    verify(out, pages, is_untouched=is_untouched)
    told = tuple(dict.fromkeys((*notes, *flaw_notes(pages))))
    return Document(out, pages, written.size_bytes, told, plain_because, (), is_untouched)


def _ticking(files: Sequence[_ImageFile | _PdfFile], progress: Callable[[int, int], None] | None) -> Callable[[], None]:
    """To be called after each step; passes it on to ``progress``."""
    if progress is None:
        return lambda: None
    total, done = sum(len(file.pages) if isinstance(file, _ImageFile) else 1 for file in files), count(1)
    return lambda: progress(next(done), total)


def _planned(path: Path, limits: Limits, recipe: Recipe) -> _ImageFile | _PdfFile:
    with path.open("rb") as file:
        reader = reader_of(file)
        head = reader.read(0, min(HEAD_BYTES, reader.size_bytes))
        tail_bytes = min(TAIL_BYTES, reader.size_bytes)
        kind = sniff(head, reader.read(reader.size_bytes - tail_bytes, tail_bytes))
        if kind is Kind.PDF:
            return _PdfFile(path)
        pages, notes = _probed(reader, kind, limits)
        return _ImageFile(path, kind, tuple(plan_page(page, limits, recipe) for page in pages), notes)


def _probed(reader: Reader, kind: Kind, limits: Limits) -> tuple[Sequence[PageFacts], tuple[str, ...]]:
    """The pages of an image file, and what is to be said of it."""
    match kind:
        case Kind.TIFF:
            tiff = probe_tiff(reader, limits)
            return tiff.pages, (LOOPED,) if tiff.is_looped else ()
        case Kind.JPEG:
            return probe_jpeg(reader, limits), ()
        case Kind.JP2:
            return (probe_jp2(reader, limits),), ()
        case Kind.PNG:
            return (probe_png(reader, limits),), ()
        case Kind.GIF:
            gif = probe_gif(reader, limits)
            return (gif,), (ANIMATED.format(count=gif.pictures),) if gif.pictures > 1 else ()
        case Kind.BMP:
            return (probe_bmp(reader, limits),), ()
        case _:
            raise refusal_of(kind)


def _write_images(
    files: Sequence[_ImageFile],
    out: Path,
    limits: Limits,
    made_at: datetime,
    recipe: Recipe,
    tick: Callable[[], None],
    effort: Effort,
) -> tuple[tuple[Page, ...], Written]:
    pages: list[Page] = []
    with out.open("wb") as target:
        writer = PdfWriter(target, limits, made_at, recipe)
        for file in files:
            for page in write_pages(file.path, file.kind, file.pages, writer, recipe, effort):
                pages.append(page)
                tick()
        written = writer.finish()
        target.flush()
    return tuple(pages), written


def _join(
    files: Sequence[_ImageFile | _PdfFile],
    out: Path,
    limits: Limits,
    made_at: datetime,
    recipe: Recipe,
    tick: Callable[[], None],
    effort: Effort,
) -> tuple[tuple[Page, ...], tuple[str, ...], "Joined"]:
    """PDFs among other files: each run of images and each PDF becomes a part beside ``out``, then all are joined."""
    from image.pdf.clean import clean_pdf
    from image.pdf.joining import join_pdfs

    # A signature covers one file, and ends where that is joined to others.
    joining = replace(recipe, signed=Signed.REMOVE) if recipe.signed is Signed.KEEP else recipe
    pages: list[Page] = []
    notes: list[str] = []
    parts: list[Path] = []
    try:
        for is_images, run in groupby(files, key=lambda file: isinstance(file, _ImageFile)):
            for group in [list(run)] if is_images else [[file] for file in run]:
                part = out.with_name(f"{out.name}.part{len(parts)}")
                parts.append(part)
                images = [file for file in group if isinstance(file, _ImageFile)]
                if images:
                    made, _ = _write_images(images, part, limits, made_at, recipe, tick, effort)
                    notes.extend(note for file in images for note in file.notes)
                else:
                    cleaned = clean_pdf(group[0].path, part, limits, made_at, joining, effort)
                    tick()
                    made = cleaned.pages
                    notes.extend(cleaned.notes)
                pages.extend(made)
                check_page_count(len(pages), limits)
        joined = join_pdfs(parts, out, limits, made_at, recipe)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
    return tuple(pages), tuple(notes), joined
