"""A PDF that grows page by page: after each one it is a whole file, as devices that append write it."""

from typing import Final

_LINES: Final = 400


def growing(pages: int) -> list[bytes]:
    """Return what a device writes for each page: a PDF of one page, then an incremental update for each further one.

    ISO 32000-1 section 7.5.6: changed objects, a cross-reference section of them, a trailer that names the one before.
    """
    chunks: list[bytes] = []
    written_bytes, previous_at = 0, 0
    for number in range(1, pages + 1):
        head = b"%PDF-1.4\n" if number == 1 else b""
        kids = b" ".join(b"%d 0 R" % (1 + 2 * page) for page in range(1, number + 1))
        page_id, text_id = 1 + 2 * number, 2 + 2 * number
        text = b"\n".join(b"BT /F1 8 Tf 20 %d Td (%d.%d) Tj ET" % (800 - row, number, row) for row in range(_LINES))
        objects = {
            2: b"<< /Type /Pages /Count %d /Kids [%s] >>" % (number, kids),
            page_id: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R >>" % text_id,
            text_id: b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        }
        if number == 1:
            objects[1] = b"<< /Type /Catalog /Pages 2 0 R >>"
        chunk, table = head, b""
        for key in sorted(objects):
            table += b"%d 1\n%010d 00000 n \n" % (key, written_bytes + len(chunk))
            chunk += b"%d 0 obj\n%s\nendobj\n" % (key, objects[key])
        at = written_bytes + len(chunk)
        previous = b" /Prev %d" % previous_at if previous_at else b""
        free = b"" if previous_at else b"0 1\n0000000000 65535 f \n"
        chunk += b"xref\n%s%strailer\n<< /Size %d /Root 1 0 R%s >>\n" % (free, table, text_id + 1, previous)
        chunk += b"startxref\n%d\n%%%%EOF\n" % at
        chunks.append(chunk)
        written_bytes, previous_at = written_bytes + len(chunk), at
    return chunks


def whole(pages: int = 3) -> bytes:
    """Return such a PDF at its end."""
    return b"".join(growing(pages))
