"""Puts the planned pages of one image file into the PDF: copies their bytes, or has them decoded and encoded."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import assert_never

from image.codec.fax import BITS_REVERSED, TAIL_BYTES, counts_rows, has_end_of_block
from image.codec.inflate import Inflated, inflate
from image.document import Page
from image.effort import Effort
from image.picture import CHANNELS, Coding, Picture
from image.plan.step import Copy, Encode, PagePlan, Proof
from image.probe.icc import ProfileSource, is_sane, read_profile
from image.probe.jpeg import damaged_jpeg
from image.probe.png import damaged_png
from image.reader import Reader, Span, reader_of
from image.recipe import Recipe
from image.sniff import Kind
from image.write.writer import PdfWriter

_WHOLE = frozenset({Proof.FAX_DECODES, Proof.DATA_INFLATES})
"""Proofs that go through all of the data, whatever the effort."""


def write_pages(
    path: Path, kind: Kind, plans: Sequence[PagePlan], writer: PdfWriter, recipe: Recipe, effort: Effort
) -> Iterator[Page]:
    """Writes each page of the image file at ``path`` as planned, and yields what was done.

    ``effort`` is what may still be spent on decoding what is passed.

    Raises ``ScanError`` when a page's data turns out not to be what its header announced; ``OSError`` comes through.
    """
    # Runs are read whole: a buffer would read the end of each twice.
    with path.open("rb", buffering=0) as source, contextlib.ExitStack() as stack:
        reader, frames = reader_of(source), None
        for plan in plans:
            data: Iterable[bytes]
            data_bytes: int | None = None
            is_quick = False
            match _proved(plan.step, reader, effort):
                case Copy() as step:
                    action, picture, data = step.action, step.picture, _copied(step, reader)
                    data_bytes = sum(part.size_bytes if isinstance(part, Span) else len(part) for part in step.parts)
                    # Fax data is proved already: what does not decode is not copied.
                    is_told = picture.coding is Coding.DCT and effort.takes_on(picture)
                    flaw = _flaw(step, reader) if is_told else ""
                    is_quick = step.proof not in _WHOLE and effort.is_too_much(picture)
                case Encode() as step:
                    if frames is None:
                        from image.codec.frames import Frames

                        frames = stack.enter_context(Frames(path, kind))
                    encoded = frames.encode(step, recipe)
                    action, picture, data, flaw = "encoded", encoded.picture, encoded.data, encoded.flaw
                case step:
                    assert_never(step)
            picture = _explained(picture, plan.step.profile, reader)
            writer.add_page(plan.width_pt, plan.height_pt, plan.orientation, picture, data, data_bytes)
            yield Page(plan.width_pt, plan.height_pt, action, flaw, is_quick=is_quick)


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
                yield chunk.translate(BITS_REVERSED) if step.is_bit_reversed else chunk
        else:
            yield part


def _proved(step: Copy | Encode, reader: Reader, effort: Effort) -> Copy | Encode:
    """What is really done: ``step``, or what takes its place when its data cannot be believed.

    Raises ``ScanError`` (damaged) when nothing does.
    """
    if isinstance(step, Encode) or _holds(step, reader, effort):
        return step
    if step.otherwise is not None:
        return step.otherwise
    raise damaged_png() if step.proof is Proof.DATA_INFLATES else damaged_jpeg()


def _holds(step: Copy, reader: Reader, effort: Effort) -> bool:
    """Whether what the plan asks to be proved is so."""
    match step.proof:
        case Proof.NOTHING:
            return True
        case Proof.FAX_HAS_END:
            return _has_end(step, reader) and not (effort.takes_on(step.picture) and _flaw(step, reader))
        case Proof.FAX_DECODES:
            is_two_dimensional = step.picture.coding in {Coding.G3_2D, Coding.G3_2D_BLACK_IS_1}
            is_unmarked = step.picture.coding in {Coding.MH, Coding.MH_BLACK_IS_1}
            data, rows = b"".join(_copied(step, reader)), step.picture.height_px
            is_counted = is_unmarked or counts_rows(data, rows, is_two_dimensional=is_two_dimensional)
            return is_counted and not _flaw(step, reader)
        case Proof.JPEG_IS_COMPLETE:
            from image.codec.jpeg_proof import is_complete_jpeg

            spans = (part for part in step.parts if isinstance(part, Span))
            return is_complete_jpeg(b"".join(reader.read(span.offset, span.size_bytes) for span in spans))
        case Proof.DATA_INFLATES:
            return inflate(_copied(step, reader), step.inflated_bytes) is Inflated.ENOUGH
        case _:
            assert_never(step.proof)


def _has_end(step: Copy, reader: Reader) -> bool:
    (strip,) = (part for part in step.parts if isinstance(part, Span))
    tail = reader.read(strip.offset + max(0, strip.size_bytes - TAIL_BYTES), min(TAIL_BYTES, strip.size_bytes))
    return has_end_of_block(tail.translate(BITS_REVERSED) if step.is_bit_reversed else tail)


def _flaw(step: Copy, reader: Reader) -> str:
    """What a decoder finds wrong with the fax or JPEG data of a page that is to be passed."""
    data = b"".join(_copied(step, reader))
    if step.picture.coding is Coding.DCT:
        from image.codec.jpeg_proof import jpeg_flaw

        return jpeg_flaw(data)
    from image.codec.fax_proof import fax_flaw

    return fax_flaw(step.picture, data)
