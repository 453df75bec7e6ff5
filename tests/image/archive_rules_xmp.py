"""The rules of PDF/A-2 about metadata (ISO 19005-2 clause 6.6)."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pikepdf import Dictionary, Name, Pdf, Stream

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
DC = "{http://purl.org/dc/elements/1.1/}"
PDF = "{http://ns.adobe.com/pdf/1.3/}"
XMP = "{http://ns.adobe.com/xap/1.0/}"
MEDIA = "{http://ns.adobe.com/xap/1.0/mm/}"
CLAIM = "{http://www.aiim.org/pdfa/ns/id/}"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_PACKET = re.compile(r"""<\?xpacket begin=["'](?:\ufeff)?["'] id=["']W5M0MpCehiHzreSzNTczkc9d["']([^?]*)\?>""")
_END = re.compile(r"""<\?xpacket end=["'][rw]["']\?>\s*\Z""")
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?)?)?")
_PDF_DATE = re.compile(r"D:(\d{14})(?:Z(?:00'00'?)?|([+-])(\d\d)'(\d\d)'?)?")

KNOWN = {
    DC: "contributor coverage creator date description format identifier language publisher relation rights source "
    "subject title type",
    PDF: "Keywords PDFVersion Producer",
    XMP: "Advisory BaseURL CreateDate CreatorTool Identifier Label MetadataDate ModifyDate Nickname Rating Thumbnails",
    MEDIA: "DerivedFrom DocumentID History InstanceID ManagedFrom Manager ManageTo ManageUI ManagerVariant "
    "RenditionClass RenditionParams VersionID Versions OriginalDocumentID Ingredients",
    CLAIM: "part amd corr conformance",
}
"""Properties that need no extension schema (ISO 19005-2 6.6.2.3.1: XMP Specification of September 2005)."""

_ALT, _SEQ, _BAG = "Alt", "Seq", "Bag"
CONTAINERS = {
    **{DC + name: _ALT for name in ("description", "rights", "title")},
    **{DC + name: _SEQ for name in ("creator", "date")},
    **{DC + name: _BAG for name in ("contributor", "language", "publisher", "relation", "subject", "type")},
}
DATES = frozenset(XMP + name for name in ("CreateDate", "MetadataDate", "ModifyDate"))
INFO = {
    "/Title": DC + "title",
    "/Author": DC + "creator",
    "/Subject": DC + "description",
    "/Keywords": PDF + "Keywords",
    "/Creator": XMP + "CreatorTool",
    "/Producer": PDF + "Producer",
    "/CreationDate": XMP + "CreateDate",
    "/ModDate": XMP + "ModifyDate",
}


def broken_in_xmp(pdf: Pdf) -> Iterator[str]:
    """The clauses that the metadata break, each with what is wrong."""
    stream = pdf.Root.get("/Metadata")
    if not isinstance(stream, Stream):
        yield "6.6.2.1: the catalog has no metadata stream"
        return
    if (stream.get("/Type"), stream.get("/Subtype")) != (Name.Metadata, Name.XML):
        yield "6.6.2.1: the metadata stream is not called one"
    if "/Filter" in stream:
        yield "6.6.2.1: the packet is packed, and tools that know no PDF cannot find it"
    try:
        packet = stream.read_bytes().decode()
        root = ET.fromstring(packet.lstrip("\ufeff"))
    except (UnicodeDecodeError, ET.ParseError):
        yield "6.6.2.1: the packet is not well-formed XML in UTF-8"
        return
    head = _PACKET.match(packet)
    if head is None or not _END.search(packet):
        yield "6.6.2.1: the packet has no header and trailer of its form"
    elif re.search(r"\b(bytes|encoding)\s*=", head[1]):
        yield "6.6.2.1: the packet's header has the attribute bytes or encoding"
    yield from _properties(root)
    found = properties(root)
    if [found.get(CLAIM + name) for name in ("part", "conformance")] != ["2", "B"]:
        yield "6.6.4: the claim of part 2, conformance B, is missing or another"
    if "xmlns:pdfaid=" not in packet:
        yield "6.6.4: the claim does not stand under the prefix pdfaid"


def told_twice(pdf: Pdf) -> list[str]:
    """The keys of the information dictionary that say other than the packet does.

    Part 1 forbids that (ISO 19005-1 6.7.3); part 2 has readers ignore the dictionary (6.1.5).
    """
    info: Any = pdf.trailer.get("/Info")
    stream = pdf.Root.get("/Metadata")
    found = properties(ET.fromstring(stream.read_bytes())) if isinstance(stream, Stream) else {}
    keys = set(info.keys()) if isinstance(info, Dictionary) else set()
    return [key for key in sorted(keys) if not _is_same(str(info[key]), found.get(INFO.get(key, ""), ""))]


def properties(root: ET.Element) -> dict[str, str]:
    """The properties of all descriptions, by full name; of a list its first item."""
    found: dict[str, str] = {}
    for description in root.iter(f"{RDF}Description"):
        found |= {name: value for name, value in description.attrib.items() if not name.startswith(RDF)}
        found |= {element.tag: "".join(element.itertext()).strip() for element in description}
    return found


def _properties(root: ET.Element) -> Iterator[str]:
    descriptions = list(root.iter(f"{RDF}Description"))
    if len({one.get(f"{RDF}about") for one in descriptions}) > 1:
        yield "6.6.2.1: the descriptions are about different things"
    if not root.tag.endswith("xmpmeta") and root.tag != f"{RDF}RDF":
        yield "6.6.2.1: the packet holds no RDF"
    seen: set[str] = set()
    for description in descriptions:
        for name in [*(name for name in description.attrib if not name.startswith(RDF)), *(e.tag for e in description)]:
            space, _, local = name.rpartition("}")
            if local not in KNOWN.get(space + "}", "").split():
                yield f"6.6.2.3.1: {name} is in no schema that is known or described"
            if name in seen:
                yield f"6.6.2.1: {name} stands twice"
            seen.add(name)
        for element in description:
            yield from _value(element)


def _value(element: ET.Element) -> Iterator[str]:
    wanted = CONTAINERS.get(element.tag)
    children = [child.tag for child in element]
    if wanted and children != [RDF + wanted]:
        yield f"6.6.2.3.1: {element.tag} is not of its type {wanted}"
    if wanted == _ALT and not any(item.get(_LANGUAGE) == "x-default" for item in element.iter(f"{RDF}li")):
        yield f"6.6.2.3.1: {element.tag} has no default language"
    if element.tag in DATES and not _DATE.fullmatch((element.text or "").strip()):
        yield f"6.6.2.3.1: {element.tag} is no date"


def _is_same(said: str, other: str) -> bool:
    """Equal texts, or the same moment in PDF's (ISO 32000-1 7.9.4) and in XMP's writing."""
    parts = _PDF_DATE.fullmatch(said)
    if parts is None or not _DATE.fullmatch(other):
        return said == other
    zone = f"{parts[2]}{parts[3]}{parts[4]}" if parts[2] else "+0000"
    return datetime.strptime(parts[1] + zone, "%Y%m%d%H%M%S%z") == datetime.fromisoformat(other)
