"""Form fields and comments made part of their pages, as they look; what cannot stay is told."""

from enum import StrEnum
from typing import Any

from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

from image.pdf.shown import Box, box_of

FLATTENED = "Form fields and comments in the PDF have become part of its pages."
LOST = "Some comments in the PDF do not say how they look and are missing on its pages; please check."

_UNSEEN_FLAGS = 2 | 32
"""ISO 32000-1 table 165: hidden, and not for the screen."""

_NOWHERE: Box = (0.0, 0.0, 0.0, 0.0)
_UNTURNED = (1, 0, 0, 1, 0, 0)


class _Look(StrEnum):
    """How an annotation takes part in what is seen of its page: not at all, as drawn, or as each reader likes."""

    NOTHING = "nothing"
    DRAWN = "drawn"
    UNDRAWN = "undrawn"


def flatten(pdf: Pdf) -> tuple[str, ...]:
    """Draws every annotation that a screen shows onto its page, and returns what the reader must be told.

    A link's text stands on the page itself. An annotation that belongs to a layer goes to that layer.
    """
    annotations = [one for page in pdf.pages for one in _annotations(page.obj)]
    if not annotations:
        return ()
    form = pdf.Root.get("/AcroForm")
    if isinstance(form, Dictionary) and any(_lacks_look(one) for one in annotations):
        form.NeedAppearances = True
    pdf.generate_appearance_streams()
    looks = {_look(one) for one in annotations}
    for annotation in annotations:
        _put_on_layer(pdf, annotation)
    pdf.flatten_annotations("screen")
    return tuple(note for look, note in ((_Look.DRAWN, FLATTENED), (_Look.UNDRAWN, LOST)) if look in looks)


def _annotations(page: Object) -> list[Object]:
    found = page.get("/Annots")
    return [one for one in found if isinstance(one, Dictionary)] if isinstance(found, Array) else []


def _lacks_look(field: Object) -> bool:
    """Whether a form field has been filled in by a program that left its look to the reader."""
    return field.get("/FT") in {Name.Tx, Name.Ch} and "/V" in field and _normal(field) is None


def _look(annotation: Object) -> _Look:
    kind, flags = annotation.get("/Subtype"), annotation.get("/F", 0)
    seen: Any = not (isinstance(flags, int) and flags & _UNSEEN_FLAGS) and box_of(annotation, "/Rect") is not None
    if not seen or kind in {Name.Link, Name.Popup}:
        return _Look.NOTHING
    if _normal(annotation) is not None:
        return _Look.DRAWN
    return _Look.NOTHING if kind == Name.Widget else _Look.UNDRAWN


def _normal(annotation: Object) -> Object | None:
    """The look of an annotation that nobody points at: a form, or one form for each of its states."""
    looks = annotation.get("/AP")
    found = looks.get("/N") if isinstance(looks, Dictionary) else None
    return found if isinstance(found, (Stream, Dictionary)) else None


def _put_on_layer(pdf: Pdf, annotation: Object) -> None:
    """Gives what an annotation draws the annotation's layer (ISO 32000-1 table 164), which flattening drops."""
    layer, normal = annotation.get("/OC"), _normal(annotation)
    if not isinstance(layer, Dictionary):
        return
    if isinstance(normal, Stream):
        annotation["/AP"] = Dictionary(N=_layered(pdf, normal, layer))
    elif normal is not None:
        states = {key: normal[key] for key in normal.keys()}  # noqa: SIM118 -- not a mapping
        layered = {key: _layered(pdf, one, layer) for key, one in states.items() if isinstance(one, Stream)}
        annotation["/AP"] = Dictionary(N=Dictionary(layered))


def _layered(pdf: Pdf, drawn: Stream, layer: Object) -> Stream:
    """A form that draws ``drawn`` on ``layer``; its own layer, when it has one, still counts."""
    wrapper = Stream(pdf, b"/Fm Do", Type=Name.XObject, Subtype=Name.Form, OC=layer)
    wrapper.BBox = Array(_bounds(drawn, box_of(drawn, "/BBox") or _NOWHERE))
    wrapper.Resources = Dictionary(XObject=Dictionary(Fm=drawn))
    return wrapper


def _bounds(drawn: Stream, box: Box) -> list[float]:
    """The box around the form's box once its matrix has been applied (ISO 32000-1 12.5.5, algorithm 8.1)."""
    left, bottom, right, top = box
    matrix: Any = drawn.get("/Matrix")
    is_matrix = isinstance(matrix, Array) and len(matrix) == len(_UNTURNED)
    a, b, c, d, e, f = (float(value) for value in (matrix if is_matrix else _UNTURNED))
    corners = [(a * x + c * y + e, b * x + d * y + f) for x in (left, right) for y in (bottom, top)]
    across, up = [x for x, _ in corners], [y for _, y in corners]
    return [min(across), min(up), max(across), max(up)]
