"""What a PDF says of itself, in its XMP packet and its Info dictionary alike, and the claim of PDF/A-2b."""

import re
from datetime import UTC, datetime

PRODUCER = "scangate"

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""Control characters, lone surrogates (file names that are no UTF-8 come as such) and what is no character."""


def plain_title(title: str) -> str:
    """``title`` as one line of printable characters: what XML cannot hold or no reader shows is dropped."""
    return " ".join(_UNPRINTABLE.sub("", re.sub(r"[\t\n\r\x0b\x0c\x85\u2028\u2029]", " ", title)).split())


def info_entries(made_at: datetime, title: str) -> str:
    """The entries of the Info dictionary (ISO 32000-1 14.3.3), the same facts as ``xmp_packet`` tells."""
    when = made_at.astimezone(UTC).strftime("D:%Y%m%d%H%M%SZ")
    shown = f"/Title {_text_string(plain_title(title))} " if plain_title(title) else ""
    return f"{shown}/Producer ({PRODUCER}) /CreationDate ({when}) /ModDate ({when})"


def xmp_packet(made_at: datetime, title: str, *, is_archive: bool) -> bytes:
    """The XMP packet (ISO 16684-1) of a PDF made at ``made_at``; with the claim of PDF/A-2b when ``is_archive``."""
    when = made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    claim = (
        '<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">'
        "<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance></rdf:Description>\n"
        if is_archive
        else ""
    )
    named = (
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title><rdf:Alt>'
        f'<rdf:li xml:lang="x-default">{escaped(plain_title(title))}</rdf:li></rdf:Alt></dc:title></rdf:Description>\n'
        if plain_title(title)
        else ""
    )
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        f"{claim}{named}"
        '<rdf:Description rdf:about="" xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:xmp="http://ns.adobe.com/xap/1.0/">'
        f"<pdf:Producer>{PRODUCER}</pdf:Producer><xmp:CreateDate>{when}</xmp:CreateDate>"
        f"<xmp:ModifyDate>{when}</xmp:ModifyDate></rdf:Description>\n"
        '</rdf:RDF></x:xmpmeta>\n<?xpacket end="r"?>'
    ).encode()


def escaped(text: str) -> str:
    """``text`` as it stands in XML."""
    # The library's own would bring its HTTP client along, 25 ms of every start.
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _text_string(text: str) -> str:
    """A text string (ISO 32000-1 7.9.2.2): ASCII as it is, everything else in UTF-16, in hex."""
    if text.isascii():
        return "(" + re.sub(r"([\\()])", r"\\\1", text) + ")"
    return f"<feff{text.encode('utf-16-be').hex()}>"
