"""A good archive file, and the ways to break it: one edit of its bytes, or one of its objects."""

import io
import re
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

from tests.image.archived_scans import RECIPES, pdf_of
from tests.image.drawn import page, saved

Break = Callable[[bytes], bytes]


@cache
def good() -> bytes:
    """One page of ours, a Flate image in RGB."""
    made = pdf_of(saved(page(), "TIFF", compression="tiff_lzw"), recipe=RECIPES["lossless"])
    assert isinstance(made, bytes)
    return made


def swapped(old: bytes, new: bytes) -> Break:
    """The first ``old`` replaced by ``new`` of the same length, so that every offset holds."""
    assert len(old) == len(new)
    return lambda data: _replaced(data, old, new)


def inserted(old: bytes, new: bytes) -> Break:
    """The first ``old`` replaced by ``new`` of another length, and the cross-reference table made to fit."""

    def apply(data: bytes) -> bytes:
        body, _, rest = _replaced(data, old, new).rpartition(b"\nxref\n")
        starts = {int(found[1]): found.start(1) for found in re.finditer(rb"(?:\A|\n)(\d+) 0 obj", body)}
        entries = b"".join(b"%010d 00000 n \n" % starts[number] for number in sorted(starts))
        head, _, trailer = rest.partition(b"trailer")
        table = b"".join(head.splitlines(keepends=True)[:2]) + entries
        before, _, _ = trailer.partition(b"startxref")
        return body + b"\nxref\n" + table + b"trailer" + before + b"startxref\n%d\n%%%%EOF\n" % (len(body) + 1)

    return apply


def edited(change: Callable[[Pdf], object]) -> Break:
    """The objects changed, and the file written anew as the rules of 6.1 want it."""

    def apply(data: bytes) -> bytes:
        with TemporaryDirectory() as name, pikepdf.open(io.BytesIO(data)) as pdf:
            change(pdf)
            before, after = Path(name) / "a.pdf", Path(name) / "b.pdf"
            level = pikepdf.StreamDecodeLevel.none
            pdf.save(before, compress_streams=False, stream_decode_level=level, fix_metadata_version=False)
            options = ("--newline-before-endstream", "--object-streams=disable", "--stream-data=preserve")
            subprocess.run(["qpdf", *options, str(before), str(after)], capture_output=True, check=False)
            return after.read_bytes()

    return apply


def misstated(data: bytes) -> bytes:
    """A stream's length told wrong, by tens of bytes."""
    return re.sub(rb"(/Length )(\d)(\d)", lambda said: said[1] + b"%d" % (9 - int(said[2])) + said[3], data, count=1)


def encrypted(data: bytes) -> bytes:
    """Locked, with an empty password for reading."""
    file = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        pdf.save(file, encryption=pikepdf.Encryption(owner="o", user="", R=4, aes=True))
    return file.getvalue()


def root(**entries: object) -> Break:
    """Entries of the catalog."""
    return edited(lambda pdf: put(pdf.Root, entries))


def on_page(**entries: object) -> Break:
    """Entries of the page."""
    return edited(lambda pdf: put(pdf.pages[0].obj, entries))


def on_image(**entries: object) -> Break:
    """Entries of the image."""
    return edited(lambda pdf: put(image_of(pdf), entries))


def on_intent(**entries: object) -> Break:
    """Entries of the output intent."""
    return edited(lambda pdf: put(pdf.Root.OutputIntents[0], entries))


def drawn(instructions: bytes) -> Break:
    """The page drawn by other instructions."""
    return edited(lambda pdf: put(pdf.pages[0].obj, {"Contents": Stream(pdf, instructions)}))


def written_in(instructions: bytes) -> Break:
    """The page drawn by other instructions, with a font F that is not in the file."""

    def change(pdf: Pdf) -> None:
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        put(pdf.pages[0].obj.Resources, {"Font": Dictionary(F=font)})
        put(pdf.pages[0].obj, {"Contents": Stream(pdf, instructions)})

    return edited(change)


def with_form(**entries: object) -> Break:
    """A form among the resources."""
    box = Array([0, 0, 9, 9])
    form = {"Type": Name.XObject, "Subtype": Name.Form, "BBox": box, **entries}
    return edited(lambda pdf: put(pdf.pages[0].obj.Resources.XObject, {"Fm": Stream(pdf, b"", **form)}))


def with_state(**entries: Any) -> Break:
    """A graphics state among the resources."""
    states = Dictionary(G=Dictionary(Type=Name.ExtGState, **entries))
    return edited(lambda pdf: put(pdf.pages[0].obj.Resources, {"ExtGState": states}))


def with_annotation(**entries: object) -> Break:
    """An annotation on the page: a link that is printed, unless ``entries`` say otherwise."""
    one = {"Type": Name.Annot, "Subtype": Name.Link, "Rect": Array([0, 0, 9, 9]), "F": 4, **entries}
    return on_page(Annots=Array([Dictionary({f"/{key}": value for key, value in one.items()})]))


def with_field(**entries: object) -> Break:
    """A form field on the page."""

    def change(pdf: Pdf) -> None:
        look = Dictionary(N=pdf.make_indirect(Stream(pdf, b"", Subtype=Name.Form, BBox=Array([0, 0, 9, 9]))))
        field = Dictionary(Type=Name.Annot, Subtype=Name.Widget, Rect=Array([0, 0, 9, 9]), F=4, AP=look, FT=Name.Tx)
        put(field, entries)
        field = pdf.make_indirect(field)
        put(pdf.pages[0].obj, {"Annots": Array([field])})
        put(pdf.Root, {"AcroForm": Dictionary(Fields=Array([field]))})

    return edited(change)


def with_action(**entries: Any) -> Break:
    """An action when the file is opened."""
    return root(OpenAction=Dictionary(Type=Name.Action, **entries))


def with_space(make: Callable[[Pdf], Object]) -> Break:
    """The image in another colour space."""
    return edited(lambda pdf: put(image_of(pdf), {"ColorSpace": make(pdf)}))


def with_profile(change: Break, colours: int = 3) -> Break:
    """The output intent's profile changed."""
    return edited(
        lambda pdf: put(
            pdf.Root.OutputIntents[0],
            {"DestOutputProfile": pdf.make_indirect(Stream(pdf, change(profile_of(pdf)), N=colours))},
        )
    )


def with_packet(old: bytes, new: bytes) -> Break:
    """The XMP packet changed."""

    def change(pdf: Pdf) -> None:
        pdf.Root.Metadata.write(_replaced(packet_of(pdf), old, new))

    return edited(change)


def image_of(pdf: Pdf) -> Object:
    """The image of the page."""
    return pdf.pages[0].obj.Resources.XObject.Im


def profile_of(pdf: Pdf) -> bytes:
    """The profile of the output intent."""
    return pdf.Root.OutputIntents[0].DestOutputProfile.read_bytes()


def packet_of(pdf: Pdf) -> bytes:
    """The XMP packet."""
    return pdf.Root.Metadata.read_bytes()


def put(target: Object, entries: dict[str, object]) -> None:
    """Sets entries; None takes one away."""
    for key, value in entries.items():
        if value is None:
            del target[f"/{key}"]
        else:
            target[f"/{key}"] = value


def _replaced(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data, old
    return data.replace(old, new, 1)
