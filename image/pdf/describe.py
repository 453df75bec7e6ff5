"""What a cleaned PDF says of itself: its title and dates, and of its maker only what is to be kept."""

from datetime import UTC, datetime
from typing import Final

from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream, String

from image.recipe import Recipe
from image.write.archive import PRODUCER, escaped, plain_title, xmp_packet
from image.write.srgb import srgb_profile

_KEPT: Final = ("/Author", "/Title", "/Subject", "/Keywords", "/Creator")
"""ISO 32000-1 table 317: what of the information dictionary is about the document and who made it."""

_MAX_TEXT = 2000
"""Characters kept of an entry; ISO 19005-2 6.1.13 allows a string 32767 bytes."""

_NAMESPACES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/" '
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
)
_XMP = {
    "/Author": "<dc:creator><rdf:Seq><rdf:li>{}</rdf:li></rdf:Seq></dc:creator>",
    "/Subject": '<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{}</rdf:li></rdf:Alt></dc:description>',
    "/Keywords": "<pdf:Keywords>{}</pdf:Keywords>",
    "/Creator": "<xmp:CreatorTool>{}</xmp:CreatorTool>",
}
"""ISO 19005-1 table 1 (still what readers of part 2 expect): each entry of the dictionary and its twin in XMP."""


def kept_of(pdf: Pdf, recipe: Recipe) -> dict[str, str]:
    """What is to stand in the information dictionary of the cleaned file; read before anything is taken out."""
    found: dict[str, str] = {}
    info = pdf.trailer.get("/Info")
    if recipe.is_metadata_kept and isinstance(info, Dictionary):
        found = {key: text for key in _KEPT if (text := _text(info.get(key)))}
    title = plain_title(recipe.title)
    return {**found, **({"/Title": title} if title else {})}


def describe(pdf: Pdf, kept: dict[str, str], made_at: datetime, *, is_archive: bool) -> None:
    """Writes the information dictionary: ``kept``, the producer, and ``made_at`` as both dates.

    ``is_archive``: also the marks of PDF/A-2b (ISO 19005-2 6.2.3 and 6.6), colours as sRGB and XMP that says the same.
    """
    when = made_at.astimezone(UTC).strftime("D:%Y%m%d%H%M%SZ")
    info = Dictionary({key: String(text) for key, text in kept.items()})
    info.Producer, info.CreationDate, info.ModDate = String(PRODUCER), String(when), String(when)
    pdf.trailer["/Info"] = pdf.make_indirect(info)
    if is_archive:
        pdf.Root.Metadata = Stream(pdf, _packet(made_at, kept), Type=Name.Metadata, Subtype=Name.XML)
        profile = pdf.make_indirect(Stream(pdf, srgb_profile(), N=3))
        intent = Dictionary(Type=Name.OutputIntent, S=Name.GTS_PDFA1, DestOutputProfile=profile)
        intent.OutputConditionIdentifier, intent.Info = String("sRGB"), String("sRGB")
        pdf.Root.OutputIntents = Array([intent])


def _packet(made_at: datetime, kept: dict[str, str]) -> bytes:
    """The packet of ``xmp_packet``, and in it the entries of Info that it does not know."""
    told = "".join(_XMP[key].format(escaped(text)) for key, text in kept.items() if key in _XMP)
    more = f'<rdf:Description rdf:about="" {_NAMESPACES}>{told}</rdf:Description>\n' if told else ""
    end = b"</rdf:RDF>"
    return xmp_packet(made_at, kept.get("/Title", ""), is_archive=True).replace(end, more.encode() + end)


def _text(value: Object | None) -> str:
    """An entry as one line of printable characters; what is no text gives nothing."""
    if not isinstance(value, String):
        return ""
    return plain_title(str(value))[:_MAX_TEXT]
