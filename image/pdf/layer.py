"""Takes recognised text and a page's turn over from OCRmyPDF's file into ours; nothing else of that file is used."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import pikepdf
from pikepdf import Array, Dictionary, Matrix, Name, Object, Page, Pdf, Stream

from image.document import Limits, Written
from image.errors import ScanError, ScanFault
from image.pdf.skew import numbers, straighten
from image.write.bounded import BoundedFile

_LAYER_NAME = "/OCR-"
"""What OCRmyPDF calls its text, a form, among a page's XObjects, with a random end."""

_SHOWING = frozenset({"Tj", "TJ", "'", '"'})
_Layer = tuple[Stream, Matrix]


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken over for one page: degrees clockwise, whether there was text, and whether PDF/A forbids it."""

    turned: int
    has_text: bool
    has_odd_signs: bool


class Target:
    """A PDF made here, open at ``path``, to be improved and saved elsewhere; close it after use."""

    def __init__(self, path: Path) -> None:
        self._pdf = Pdf.open(path, access_mode=pikepdf.AccessMode.stream)

    def close(self) -> None:
        """Closes the file."""
        self._pdf.close()

    def is_signed(self) -> bool:
        """Whether it must stay as it is: only a PDF that was passed with its signature has forms or permissions."""
        return "/AcroForm" in self._pdf.Root or "/Perms" in self._pdf.Root

    def straighten(self, first: int, angles: Mapping[int, float]) -> None:
        """Straightens pages by ``angles``, whose numbers count from page ``first``."""
        for number, angle in angles.items():
            straighten(self._pdf.pages[first + number - 2], angle)

    def take_over(self, first: int, read: Path) -> list[Taken]:
        """Takes over what was found on the pages of ``read``, which are this PDF's from page ``first``."""
        with Pdf.open(read, access_mode=pikepdf.AccessMode.stream) as other:
            return [self._take(self._pdf.pages[first - 1 + at], page) for at, page in enumerate(other.pages)]

    def drop_claim(self) -> None:
        """Takes away the claim to be PDF/A, with the packet it stands in; Info says the rest of that too."""
        if "/Metadata" in self._pdf.Root:
            del self._pdf.Root["/Metadata"]

    def save(self, out: Path, limits: Limits) -> Written:
        """Writes the PDF to ``out``, every stream as it is; the same pages give the same bytes.

        Raises ``ScanError`` (too-large, damaged) and ``OSError``.
        """
        with out.open("wb") as file:
            bounded = BoundedFile(file, limits)
            try:
                self._pdf.save(
                    cast("BinaryIO", bounded),
                    compress_streams=False,
                    stream_decode_level=pikepdf.StreamDecodeLevel.none,
                    object_stream_mode=pikepdf.ObjectStreamMode.disable,
                    deterministic_id=True,
                    fix_metadata_version=False,
                )
            except (pikepdf.PikepdfError, ValueError, TypeError, RuntimeError) as error:
                raise bounded.failure or ScanError(ScanFault.DAMAGED, "The PDF cannot be written anew.") from error
            return bounded.written()

    def _take(self, page: Page, read: Page) -> Taken:
        turned = (_rotation(read) - _rotation(page)) % 360
        if turned:
            page.obj["/Rotate"] = _rotation(read)
        layer = _layer(read)
        if layer is None:
            return Taken(turned, has_text=False, has_odd_signs=False)
        self._lay_under(page, layer)
        return Taken(turned, has_text=True, has_odd_signs=has_odd_signs(layer[0]))

    def _lay_under(self, page: Page, layer: _Layer) -> None:
        form, matrix = layer
        # Resources may belong to several pages.
        resources = copy.copy(page.obj.get("/Resources", Dictionary()))
        forms = copy.copy(resources.get("/XObject", Dictionary()))
        name = "/Text"
        while name in forms:
            name += "_"
        forms[name] = self._pdf.copy_foreign(form)
        resources["/XObject"] = forms
        page.obj["/Resources"] = resources
        page.contents_add(f"q {numbers(matrix.shorthand)} cm {name} Do Q\n".encode(), prepend=True)


def has_odd_signs(form: Stream) -> bool:
    """Whether a form with text uses a glyph that its font lacks, which PDF/A forbids (ISO 19005-2 6.2.11.8).

    Also true of a font of another make than OCRmyPDF's today, of which this cannot be told.
    """
    fonts = form.get("/Resources", Dictionary()).get("/Font", Dictionary())
    maps = {name: _glyphs(fonts[name]) for name in fonts.keys()}  # noqa: SIM118 -- not a mapping
    glyphs = b""
    for instruction in pikepdf.parse_content_stream(form):
        operands = list(instruction.operands)
        if str(instruction.operator) == "Tf":
            glyphs = maps.get(str(operands[0]), b"")
        elif str(instruction.operator) in _SHOWING and not all(_has_glyph(glyphs, cid) for cid in _cids(operands)):
            return True
    return False


def _layer(read: Page) -> _Layer | None:
    """The form with recognised text that ``read`` draws, and where; None when there is none, or no text in it."""
    forms = read.obj.get("/Resources", Dictionary()).get("/XObject", Dictionary())
    name = next((name for name in forms.keys() if name.startswith(_LAYER_NAME)), None)  # noqa: SIM118
    form = forms[name] if name else None
    if not isinstance(form, Stream) or not _shows_text(form):
        return None
    states = [Matrix()]
    for instruction in pikepdf.parse_content_stream(read, "q Q cm Do"):
        operands = list(instruction.operands)
        match str(instruction.operator):
            case "q":
                states.append(states[-1])
            case "Q" if len(states) > 1:
                states.pop()
            case "cm":
                states[-1] = Matrix(*(float(value) for value in operands)) @ states[-1]
            case "Do" if str(operands[0]) == name:
                return form, states[-1]
            case _:
                pass
    return None


def _shows_text(form: Stream) -> bool:
    return any(str(instruction.operator) in _SHOWING for instruction in pikepdf.parse_content_stream(form))


def _rotation(page: Page) -> int:
    value: object = page.obj.get("/Rotate", 0)
    return value % 360 if isinstance(value, int) else 0


def _glyphs(font: Object) -> bytes:
    """The glyph of each character of a font, two bytes each; nothing when it is no font of two-byte characters."""
    if font.get("/Encoding") != Name("/Identity-H"):
        return b""
    mapped = font.DescendantFonts[0].get("/CIDToGIDMap")
    return mapped.read_bytes() if isinstance(mapped, Stream) else b""


def _has_glyph(glyphs: bytes, cid: int) -> bool:
    """Glyph 0 is the sign for a missing one."""
    return int.from_bytes(glyphs[2 * cid : 2 * cid + 2], "big") != 0


def _cids(operands: list[Object]) -> list[int]:
    """The characters, of two bytes each, in the strings of one text-showing instruction."""
    values = [part for value in operands for part in (value if isinstance(value, Array) else [value])]
    strings = [bytes(value) for value in values if isinstance(value, pikepdf.String)]
    return [int.from_bytes(text[at : at + 2], "big") for text in strings for at in range(0, len(text), 2)]
