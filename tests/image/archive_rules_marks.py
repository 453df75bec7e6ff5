"""The rules of PDF/A-2 about all but pages and metadata: ISO 19005-2 clauses 6.1.3, 6.1.12, 6.3 to 6.5, 6.8 to 6.11."""

from collections.abc import Iterator
from typing import Any

from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

_ANNOTATIONS = (
    "Text Link FreeText Line Square Circle Polygon PolyLine Highlight Underline Squiggly StrikeOut Stamp "
    "Caret Ink Popup FileAttachment Widget PrinterMark TrapNet Watermark Redact"
)
ANNOTATIONS = frozenset(_ANNOTATIONS.split())
ACTIONS = frozenset({"GoTo", "GoToR", "GoToE", "Thread", "URI", "Named", "SubmitForm"})
NAMED = frozenset({"NextPage", "PrevPage", "FirstPage", "LastPage"})
PRINTED, HIDDEN_BITS = 4, 1 | 2 | 32 | 256
"""ISO 32000-1 table 165: bit 3 of F prints; invisible, hidden, no view and toggle no view hide."""


def broken_in_marks(pdf: Pdf) -> Iterator[str]:
    """The clauses that the document breaks, each with what is wrong."""
    yield from _trailer(pdf.trailer)
    yield from _catalog(pdf.Root)
    for page in pdf.pages:
        if "/AA" in page.obj:
            yield "6.5.2: a page has additional actions"
        if "/PresSteps" in page.obj:
            yield "6.10: a page has presentation steps"
        annotations = page.obj.get("/Annots")
        for annotation in annotations if isinstance(annotations, Array) else ():
            if isinstance(annotation, Dictionary):
                yield from _annotation(annotation)
    for value in dictionaries(pdf):
        yield from _anywhere(value)


def _trailer(trailer: Object) -> Iterator[str]:
    identity = trailer.get("/ID")
    if not isinstance(identity, Array) or len(identity) != 2 or not all(bytes(part) for part in identity):
        yield "6.1.3: the trailer has no ID of two strings"
    if "/Encrypt" in trailer:
        yield "6.1.3: the file is encrypted"


def _catalog(root: Object) -> Iterator[str]:
    if isinstance(permissions := root.get("/Perms"), Dictionary) and set(permissions.keys()) - {"/UR3", "/DocMDP"}:
        yield "6.1.12: permissions other than UR3 and DocMDP"
    for key, clause in {"/AA": "6.5.2", "/NeedsRendering": "6.4.2", "/Requirements": "6.11"}.items():
        if key in root:
            yield f"{clause}: the catalog has {key}"
    names = root.get("/Names")
    if isinstance(names, Dictionary) and "/AlternatePresentations" in names:
        yield "6.10: alternate presentations"
    if isinstance(names, Dictionary) and "/JavaScript" in names:
        yield "6.5.1: scripts by name"
    yield from _form(root.get("/AcroForm"))
    yield from _layers(root.get("/OCProperties"))


def dictionaries(pdf: Pdf) -> Iterator[Object]:
    """Every dictionary and stream of the file, reachable or not, each once."""
    for start in pdf.objects:
        waiting = [start]
        while waiting:
            value = waiting.pop()
            if isinstance(value, (Dictionary, Stream)):
                yield value
            if isinstance(value, (Dictionary, Stream, Array)):
                children = list(value) if isinstance(value, Array) else [value[key] for key in value.keys()]  # noqa: SIM118 -- not a mapping
                waiting += [child for child in children if isinstance(child, Object) and not child.is_indirect]


def name_of(value: object) -> str:
    """A name without its slash; empty for everything else."""
    return str(value)[1:] if isinstance(value, Name) else ""


def _form(form: object) -> Iterator[str]:
    if isinstance(form, Dictionary):
        if form.get("/NeedAppearances", False):
            yield "6.4.1: NeedAppearances is set"
        if "/XFA" in form:
            yield "6.4.2: an XFA form"


def _layers(properties: object) -> Iterator[str]:
    if not isinstance(properties, Dictionary):
        return
    configs = [properties.get("/D"), *(properties.get("/Configs") or ())]
    names = [str(config.get("/Name", "")) for config in configs if isinstance(config, Dictionary)]
    if "" in names or len(set(names)) < len(configs):
        yield "6.9: configurations of layers without names of their own"
    if any(isinstance(config, Dictionary) and "/AS" in config for config in configs):
        yield "6.9: a configuration of layers has AS"


def _annotation(annotation: Dictionary) -> Iterator[str]:
    kind = name_of(annotation.get("/Subtype"))
    if kind not in ANNOTATIONS:
        yield f"6.3.1: an annotation of the kind {kind}"
    flags: Any = annotation.get("/F")
    if kind != "Popup" and not isinstance(flags, int):
        yield "6.3.2: an annotation has no flags"
    if isinstance(flags, int) and (flags & HIDDEN_BITS or not flags & PRINTED):
        yield "6.3.2: an annotation is not printed as it is shown"
    appearance = annotation.get("/AP")
    left, bottom, right, top = annotation.get("/Rect", [0, 0, 0, 0])
    if appearance is None and kind not in {"Popup", "Link"} and (left, bottom) != (right, top):
        yield "6.3.3: an annotation has no appearance"
    if isinstance(appearance, Dictionary) and set(appearance.keys()) != {"/N"}:
        yield "6.3.3: an appearance is more than N"
    if kind == "Widget" and {"/A", "/AA"} & set(annotation.keys()):
        yield "6.4.1: a form field has an action"


def _anywhere(value: Object) -> Iterator[str]:
    """What is recognised by a dictionary's own keys, wherever it stands."""
    for key in ("/A", "/OpenAction", "/Next"):
        action = value.get(key)
        for one in action if isinstance(action, Array) and key == "/Next" else [action]:
            if isinstance(one, Dictionary) and "/S" in one:
                yield from _action(one)
    if value.get("/Type") == Name.Action:
        yield from _action(value)
    if "/EF" in value:
        yield "6.8: an embedded file (it would have to be PDF/A itself, and ours have none)"


def _action(action: Object) -> Iterator[str]:
    kind = name_of(action.get("/S"))
    if kind not in ACTIONS:
        yield f"6.5.1: an action of the kind {kind}"
    if kind == "Named" and name_of(action.get("/N")) not in NAMED:
        yield "6.5.1: a named action that is not one of the four"
