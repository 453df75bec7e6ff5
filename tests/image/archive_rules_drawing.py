"""The rules of PDF/A-2 about what pages draw with (ISO 19005-2 clauses 6.2.2, 6.2.5 and 6.2.8 to 6.2.11)."""

import re
from collections.abc import Iterator

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

from tests.image.archive_rules_colour import broken_colours, broken_intent, intent_colours
from tests.image.archive_rules_file import broken_tokens
from tests.image.archive_rules_jpx import broken_in_jpx
from tests.image.archive_rules_marks import dictionaries, name_of
from tests.image.pdf_tokens import tokens

_OPERATORS = (
    "b B b* B* BDC BI BMC BT BX c cm CS cs d d0 d1 Do DP EI EMC ET EX f F f* G g gs h i ID j J K k l m M "
    "MP n q Q re RG rg ri s S SC sc SCN scn sh T* Tc Td TD Tf Tj TJ TL Tm Tr Ts Tw Tz v w W W* y ' \""
)
OPERATORS = frozenset(_OPERATORS.split())
"""ISO 32000-1 annex A."""

COLOUR_OPERATORS = {"g": "DeviceGray", "rg": "DeviceRGB", "k": "DeviceCMYK"}
_FILTERS = "ASCIIHexDecode ASCII85Decode FlateDecode RunLengthDecode CCITTFaxDecode JBIG2Decode DCTDecode JPXDecode"
FILTERS = frozenset(_FILTERS.split())
INLINE_FILTERS = FILTERS | {"AHx", "A85", "Fl", "RL", "CCF", "DCT"}
_BLENDS = (
    "Normal Compatible Multiply Screen Overlay Darken Lighten ColorDodge ColorBurn HardLight SoftLight "
    "Difference Exclusion Hue Saturation Color Luminosity"
)
BLENDS = frozenset(_BLENDS.split())
_INLINE_DATA = re.compile(rb"\bID\s.*?\sEI\b", re.DOTALL)
INVISIBLE = 3
"""ISO 32000-1 table 106: text of this rendering mode is neither filled nor stroked."""

MAX_SAVES, MIN_SIDE, MAX_SIDE = 28, 3, 14400
BOXES = ("/MediaBox", "/CropBox", "/TrimBox", "/BleedBox", "/ArtBox")


def broken_in_drawing(pdf: Pdf) -> Iterator[str]:
    """The clauses that pages and their resources break, each with what is wrong."""
    intent = intent_colours(pdf)
    for page in pdf.pages:
        yield from _sides(page.obj)
        yield from _instructions(page.obj, page.resources, intent)
        yield from _fonts(page.obj, page.resources)
        if not intent and _is_transparent(page.resources) and "/CS" not in page.obj.get("/Group", Dictionary()):
            yield "6.2.10: transparency without an output intent and without a blending space"
    for value in dictionaries(pdf):
        if isinstance(value, Stream):
            yield from _filters(value)
            if value.get("/Subtype") == Name.Image:
                yield from _image(value, intent)
            if value.get("/Subtype") == Name.Form:
                yield from _form(value, intent)
            if name_of(value.get("/Subtype")) == "PS":
                yield "6.2.9.3: a PostScript XObject"
        yield from _states(value)


def _sides(page: Object) -> Iterator[str]:
    for key in BOXES:
        box = page.get(key)
        if isinstance(box, Array):
            left, bottom, right, top = (float(side) for side in box)
            if not all(MIN_SIDE <= abs(side) <= MAX_SIDE for side in (right - left, top - bottom)):
                yield f"6.1.13: {key} is smaller than 3 or larger than 14400"


def _instructions(source: Object, resources: object, intent: str) -> Iterator[str]:
    """``source`` is a page or a form."""
    contents: object = source if isinstance(source, Stream) else source.get("/Contents")
    parts = list(contents) if isinstance(contents, Array) else [contents]
    raw = b"\n".join(part.read_bytes() for part in parts if isinstance(part, Stream))
    yield from broken_tokens(tokens(_INLINE_DATA.sub(b"", raw)))
    saves = 0
    for step in pikepdf.parse_content_stream(source):
        operator = str(step.operator)
        if operator == "INLINE IMAGE":
            yield from _inline(step.operands[0].obj, resources, intent)
            continue
        if operator not in OPERATORS:
            yield f"6.2.2: an operator that is none: {operator}"
        saves += (operator == "q") - (operator == "Q")
        if saves > MAX_SAVES:
            yield "6.1.13: graphics states saved too deep"
        if operator.lower() in COLOUR_OPERATORS and operator in {"g", "G", "rg", "RG", "k", "K"}:
            yield from broken_colours(Name("/" + COLOUR_OPERATORS[operator.lower()]), resources, intent)
        if operator in {"cs", "CS"}:
            yield from broken_colours(step.operands[0], resources, intent)
        if operator == "ri":
            yield from broken_intent(step.operands[0])


def _inline(image: Object, resources: object, intent: str) -> Iterator[str]:
    named = {"/F": "/Filter", "/CS": "/ColorSpace", "/I": "/Interpolate"}
    found = {named.get(key, key): image[key] for key in image.keys()}  # noqa: SIM118 -- not a mapping
    coding = found.get("/Filter")
    for one in coding if isinstance(coding, Array) else [coding]:
        if one is not None and name_of(one) not in INLINE_FILTERS:
            yield f"6.1.10: an inline image coded as {name_of(one)}"
    if found.get("/Interpolate"):
        yield "6.2.8.1: an inline image is to be interpolated"
    if "/ColorSpace" in found:
        yield from broken_colours(found["/ColorSpace"], resources, intent)


def _filters(stream: Stream) -> Iterator[str]:
    coding, options = stream.get("/Filter"), stream.get("/DecodeParms")
    codings = list(coding) if isinstance(coding, Array) else [coding] if coding is not None else []
    for at, one in enumerate(codings):
        parms = options[at] if isinstance(options, Array) else options
        is_identity = isinstance(parms, Dictionary) and parms.get("/Name", Name.Identity) == Name.Identity
        if name_of(one) not in FILTERS and not (name_of(one) == "Crypt" and (parms is None or is_identity)):
            yield f"6.1.7.2: a stream coded as {name_of(one)}"


def _image(image: Stream, intent: str) -> Iterator[str]:
    for key in ("/Alternates", "/OPI"):
        if key in image:
            yield f"6.2.8.1: an image has {key}"
    if image.get("/Interpolate", False):
        yield "6.2.8.1: an image is to be interpolated"
    yield from broken_intent(image.get("/Intent"))
    depth = image.get("/BitsPerComponent")
    if depth is not None and depth not in ({1} if image.get("/ImageMask") else {1, 2, 4, 8, 16}):
        yield f"6.2.8: an image of {depth} bits"
    space = image.get("/ColorSpace")
    if image.get("/Filter") == Name.JPXDecode:
        yield from broken_in_jpx(image.read_raw_bytes(), intent, has_space=space is not None)
    elif space is None and not image.get("/ImageMask"):
        yield "6.2.4.1: an image without a colour space"
    if space is not None:
        yield from broken_colours(space, None, intent)


def _form(form: Stream, intent: str) -> Iterator[str]:
    if {"/OPI", "/PS"} & set(form.keys()) or name_of(form.get("/Subtype2")) == "PS":
        yield "6.2.9.1: a form with PostScript or OPI"
    if "/Ref" in form:
        yield "6.2.9.2: a form that stands for another file"
    yield from _instructions(form, form.get("/Resources"), intent)
    yield from _fonts(form, form.get("/Resources"))


def _states(value: Object) -> Iterator[str]:
    """Graphics states among the resources in ``value``."""
    states = value.get("/ExtGState")
    for state in states.as_dict().values() if isinstance(states, Dictionary) else ():
        if not isinstance(state, Dictionary):
            continue
        if "/TR" in state or state.get("/TR2", Name.Default) != Name.Default:
            yield "6.2.5: a transfer function"
        if "/HTP" in state:
            yield "6.2.5: a halftone phase"
        halftone = state.get("/HT")
        if isinstance(halftone, (Dictionary, Stream)) and (
            halftone.get("/HalftoneType") not in {1, 5} or "/HalftoneName" in halftone
        ):
            yield "6.2.5: a halftone that is named or of a type other than 1 and 5"
        yield from broken_intent(state.get("/RI"))
        blend = state.get("/BM", Name.Normal)
        if any(name_of(one) not in BLENDS for one in (blend if isinstance(blend, Array) else [blend])):
            yield "6.2.10: a blend mode that is none"


def _is_transparent(resources: Object) -> bool:
    states = resources.get("/ExtGState", Dictionary()).as_dict().values()
    images = resources.get("/XObject", Dictionary()).as_dict().values()
    return any(state.get("/ca", 1) != 1 or state.get("/CA", 1) != 1 or "/SMask" in state for state in states) or any(
        "/SMask" in image or name_of(image.get("/Group", Dictionary()).get("/S")) == "Transparency" for image in images
    )


def _fonts(source: Object, resources: object) -> Iterator[str]:
    """The fonts in which text is shown that can be seen; ``source`` is a page or a form."""
    fonts = resources.get("/Font") if isinstance(resources, Dictionary) else None
    mode, selected = 0, ""
    for step in pikepdf.parse_content_stream(source):
        match str(step.operator):
            case "Tr":
                mode = int(step.operands[0])
            case "Tf":
                selected = str(step.operands[0])
            case "Tj" | "TJ" | "'" | '"' if mode != INVISIBLE:
                font = fonts.get(selected) if isinstance(fonts, Dictionary) else None
                if not isinstance(font, Dictionary) or not _is_embedded(font):
                    yield "6.2.11.4.1: text in a font that is not embedded"
            case _:
                pass


def _is_embedded(font: Object) -> bool:
    kind = name_of(font.get("/Subtype"))
    if kind == "Type0":
        return all(_is_embedded(one) for one in list(font.DescendantFonts))
    descriptor = font.get("/FontDescriptor")
    programs = {"/FontFile", "/FontFile2", "/FontFile3"}
    return kind == "Type3" or (isinstance(descriptor, Dictionary) and bool(programs & set(descriptor.keys())))
