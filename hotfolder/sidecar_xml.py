"""A sidecar in XML: the element names that mean a recipient or a subject, and nothing that XML can do beyond elements.

Two forms, told apart by nothing but their elements, all others being passed over:

- ours: ``<scan><to>alice@contoso.com</to><subject>Invoice</subject></scan>``, ``to`` as often as there are recipients;
- PaperCut MF's "scanned metadata" (its manual, "XML metadata file"): ``<scan>…<user><email>…</email></user>…</scan>``,
  the person who scanned, and only when there is no ``to``.

Other devices write no element that surely means a recipient (Sharp's metadata delivery: ``senderName`` is where the
result of a job goes; Fujitsu's ``.index.xml``: names and counters): taken for one, a scan might go to the wrong person.
"""

from typing import Final

from hotfolder.sidecar import FormError, Sidecar, said

_TO: Final = ("scan", "to")
_SUBJECT: Final = ("scan", "subject")
_USER: Final = ("scan", "user", "email")
_DEEPEST: Final = 32


def read_xml(data: bytes) -> Sidecar:
    """Read one. Raises FormError for all that is not well formed, declares a document type, or is another's form.

    With every declaration refused, and at most ``SIDECAR_BYTES``, there is nothing to expand, to load or to fill.
    """
    from xml.parsers import expat  # only a share with sidecars needs it

    elements = _Elements()
    parser = expat.ParserCreate()
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartElementHandler, parser.EndElementHandler = elements.begin, elements.end
    parser.CharacterDataHandler = elements.text
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse
    parser.SkippedEntityHandler = parser.UnparsedEntityDeclHandler = _refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:  # the latter two: an encoding that Python cannot read
        raise FormError("it is no well-formed XML") from error
    texts = elements.texts
    return said(texts[_TO] or texts[_USER], texts[_SUBJECT])


def _refuse(*_: object) -> int:
    raise FormError("it declares a document type or an entity, which is not allowed")


class _Elements:
    """The texts of the elements that mean something, as the parser comes by them."""

    def __init__(self) -> None:
        self.texts: dict[tuple[str, ...], list[str]] = {_TO: [], _SUBJECT: [], _USER: []}
        self._path: list[str] = []

    def begin(self, name: str, _attributes: dict[str, str]) -> None:
        """Enter an element. Raises FormError where it may not stand."""
        if not self._path and name != "scan":
            raise FormError("its outermost element is not <scan>")
        if tuple(self._path) in self.texts:
            raise FormError(f"<{self._path[-1]}> holds further elements")
        if len(self._path) >= _DEEPEST:
            raise FormError("its elements are nested too deeply")
        self._path.append(name)
        if tuple(self._path) in self.texts:
            self.texts[tuple(self._path)].append("")

    def end(self, _name: str) -> None:
        """Leave the element."""
        self._path.pop()

    def text(self, piece: str) -> None:
        """Add a piece of text, of which one element may have several."""
        if tuple(self._path) in self.texts:
            self.texts[tuple(self._path)][-1] += piece
