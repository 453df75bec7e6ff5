"""Puts the planned pages of one image file into the PDF: copies their bytes, or has them decoded and encoded."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import assert_never

from image.document import Page
from image.icc import ProfileSource, is_sane, read_profile
from image.inflate import Inflated, inflate
from image.picture import CHANNELS, Picture
from image.probe_jpeg import damaged_jpeg
from image.probe_png import damaged_png
from image.reader import Reader, Span, reader_of
from image.recipe import Recipe
from image.sniff import Kind
from image.step import Copy, Encode, PagePlan, Proof
from image.writer import PdfWriter

_BITS_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


def write_pages(path: Path, kind: Kind, plans: Sequence[PagePlan], writer: PdfWriter, recipe: Recipe) -> Iterator[Page]:
    """Writes each page of the image file at ``path`` as planned, and yields what was done.

    Raises ``ScanError`` when a page's data turns out not to be what its header announced; ``OSError`` comes through.
    """
    with path.open("rb") as source, contextlib.ExitStack() as stack:
        reader, frames = reader_of(source), None
        for plan in plans:
            match plan.step:
                case Copy():
                    _prove(plan.step, reader)
                    action, picture, data = plan.step.action, plan.step.picture, _copied(plan.step, reader)
                case Encode():
                    if frames is None:
                        from image.raster import Frames

                        frames = stack.enter_context(Frames(path, kind))
                    encoded = frames.encode(plan.step, recipe)
                    action, picture, data = "encoded", encoded.picture, encoded.data
                case _:
                    assert_never(plan.step)
            picture = _explained(picture, plan.step.profile, reader)
            writer.add_page(plan.width_pt, plan.height_pt, plan.orientation, picture, data)
            yield Page(plan.width_pt, plan.height_pt, action)


def _explained(picture: Picture, source: ProfileSource | None, reader: Reader) -> Picture:
    """The picture with the profile that came with it, if that is sane and speaks of these colours."""
    if source is None or picture.bits == 1:
        return picture
    profile = read_profile(reader, source)
    return replace(picture, profile=profile) if is_sane(profile, CHANNELS[picture.colour]) else picture


def _copied(step: Copy, reader: Reader) -> Iterator[bytes]:
    for part in step.parts:
        if isinstance(part, Span):
            for chunk in reader.chunks(part):
                yield chunk.translate(_BITS_REVERSED) if step.is_bit_reversed else chunk
        else:
            yield part


def _prove(step: Copy, reader: Reader) -> None:
    """Proves what the plan asks for; raises ``ScanError`` (damaged) when it does not hold."""
    match step.proof:
        case Proof.NOTHING:
            return
        case Proof.JPEG_IS_COMPLETE:
            from image.raster import is_complete_jpeg

            spans = (part for part in step.parts if isinstance(part, Span))
            if not is_complete_jpeg(b"".join(reader.read(span.offset, span.size_bytes) for span in spans)):
                raise damaged_jpeg()
        case Proof.DATA_INFLATES:
            if inflate(_copied(step, reader), step.inflated_bytes) is not Inflated.ENOUGH:
                raise damaged_png()
        case _:
            assert_never(step.proof)
