"""The marks that make a PDF of plain images an archive file (PDF/A-2b): an sRGB profile and the XMP packet."""

import struct
from datetime import UTC, datetime

PRODUCER = "scangate"

_CURVE_ENTRIES = 1024
_D50 = (0.9642, 1.0, 0.8249)
_COLORANTS = {
    b"rXYZ": (0.43607, 0.22249, 0.01392),
    b"gXYZ": (0.38515, 0.71687, 0.09708),
    b"bXYZ": (0.14307, 0.06061, 0.71410),
}
"""The sRGB primaries (IEC 61966-2-1) adapted to D50, as ICC.1 wants them."""


def srgb_profile() -> bytes:
    """An ICC profile of sRGB (ICC.1:2001-04, a display profile of version 2.1), the same bytes every time."""
    curve = struct.pack(
        f">4sII{_CURVE_ENTRIES}H",
        b"curv",
        0,
        _CURVE_ENTRIES,
        *(round(_linear(index / (_CURVE_ENTRIES - 1)) * 65535) for index in range(_CURVE_ENTRIES)),
    )
    name = b"sRGB\x00"
    elements = [
        (b"desc", b"desc" + bytes(4) + struct.pack(">I", len(name)) + name + bytes(4 + 4 + 2 + 1 + 67)),
        (b"cprt", b"text" + bytes(4) + b"No copyright, use freely\x00"),
        (b"wtpt", _xyz(_D50)),
        *((tag, _xyz(value)) for tag, value in _COLORANTS.items()),
        (b"rTRC", curve),
        (b"gTRC", curve),
        (b"bTRC", curve),
    ]
    table, body = struct.pack(">I", len(elements)), b""
    placed: dict[bytes, int] = {}
    start = 128 + 4 + 12 * len(elements)
    for tag, data in elements:
        if data not in placed:
            placed[data] = start + len(body)
            body += data + bytes(-len(data) % 4)
        table += struct.pack(">4sII", tag, placed[data], len(data))
    header = struct.pack(
        ">I4xI4s4s4s6H4s24xIIII48x",
        128 + len(table) + len(body),
        0x02100000,
        b"mntr",
        b"RGB ",
        b"XYZ ",
        *(2020, 1, 1, 0, 0, 0),
        b"acsp",
        0,  # rendering intent: perceptual
        *(round(value * 65536) for value in _D50),
    )
    return header + table + body


def xmp_packet(made_at: datetime, *, is_archive: bool) -> bytes:
    """The XMP packet of a PDF made at ``made_at``; with the claim of PDF/A-2b when ``is_archive``."""
    when = made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    claim = (
        '<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">'
        "<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance></rdf:Description>\n"
        if is_archive
        else ""
    )
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        f"{claim}"
        '<rdf:Description rdf:about="" xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:xmp="http://ns.adobe.com/xap/1.0/">'
        f"<pdf:Producer>{PRODUCER}</pdf:Producer><xmp:CreateDate>{when}</xmp:CreateDate></rdf:Description>\n"
        '</rdf:RDF></x:xmpmeta>\n<?xpacket end="r"?>'
    ).encode()


def _linear(value: float) -> float:
    """IEC 61966-2-1: the light of an sRGB value, both from 0 to 1."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 -- the standard's knee


def _xyz(value: tuple[float, float, float]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(part * 65536) for part in value))
