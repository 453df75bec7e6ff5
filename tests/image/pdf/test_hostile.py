"""PDFs made to exhaust who reads them: each ends, soon and in little memory, in pages or a refusal."""

import re
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from image.confined.exchange import Usage
from image.confined.worker import convert
from image.document import Document, Page
from image.errors import ScanError, ScanFault
from image.pdf.clean import clean_pdf
from tests.image.outcome import outcome
from tests.image.scanned_pdf import LIMITS, MADE_AT, RECIPE, plain, scan
from tests.image.signed_pdf import signed
from tests.image.through_worker import converted, written

CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
ONE_PAGE = b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>"
TINY = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>"


def built(*objects: bytes) -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalog."""
    out, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def stream(data: bytes, entries: bytes = b"") -> bytes:
    """A stream object."""
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), entries, data)


def one(entries: bytes, *more: bytes) -> bytes:
    """A PDF of one page; ``more`` are the objects from 4 on."""
    return built(CATALOG, ONE_PAGE, TINY.replace(b"[0 0 9 9]", b"[0 0 99 99] /Resources << >> " + entries), *more)


def bomb(megabytes: int, times: int = 1) -> bytes:
    """Zeros, packed; and packed again."""
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(bytes(10**6)) for _ in range(megabytes)) + packer.flush()
    for _ in range(times - 1):
        data = zlib.compress(data, 9)
    return data


def numbered(first: int, count: int) -> bytes:
    """References to this many objects."""
    return b" ".join(b"%d 0 R" % number for number in range(first, first + count))


FLATE = b"/Filter /FlateDecode"
FORM = b"/Type /XObject /Subtype /Form /BBox [0 0 1 1] /Resources << /XObject << /F %d 0 R /G %d 0 R >> >>"
WIDGET = b"<< /Subtype /Widget /FT /Tx /V (a) /DA (/F1 9 Tf) /Rect [0 0 9 9] %s >>"
FIELDS = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R] /NeedAppearances true /DA (/F1 9 Tf) >> >>"
ANNOTATED = TINY.replace(b" >>", b" /Annots [4 0 R] >>")
TREE = b"<< /Type /Pages /Count 9 /Kids [%s] >>"

HOSTILE = {
    "a tree of all ways": built(CATALOG, *(TREE % (b"%d 0 R " % (n + 3) * 10) for n in range(10)), TINY),
    "a tree that is a loop": built(CATALOG, TREE % b"2 0 R"),
    "a tree like a thread": built(CATALOG, *(TREE % (b"%d 0 R" % (n + 3)) for n in range(9000)), TINY),
    "one page many times": built(CATALOG, TREE % (b"3 0 R " * 20_000), TINY),
    "many pages": built(CATALOG, TREE % numbered(3, 20_000), *[TINY] * 20_000),
    "a count that is a lie": built(CATALOG, b"<< /Type /Pages /Count 4000000000 /Kids [3 0 R] >>", TINY),
    "instructions packed twice": one(b"/Contents 4 0 R", stream(bomb(300, 2), b"/Filter [/FlateDecode /FlateDecode]")),
    "instructions without end": one(b"/Contents 4 0 R", stream(bomb(300), FLATE)),
    "the same again and again": one(b"/Contents [%s]" % (b"4 0 R " * 2000), stream(bomb(15), FLATE)),
    "many filters": one(b"/Contents 4 0 R", stream(bomb(9), b"/Filter [%s]" % (b"/FlateDecode " * 24))),
    "many instructions": one(b"/Contents 4 0 R", stream(zlib.compress(b"/I Do " * 10**6), FLATE)),
    "a wide predictor": one(
        b"/Contents 4 0 R",
        stream(zlib.compress(bytes(10**6)), FLATE + b" /DecodeParms << /Predictor 12 /Columns 2000000000 >>"),
    ),
    "a profile without end": one(
        b"/Resources << /ColorSpace << /A [/ICCBased 4 0 R] >> >>", stream(bomb(300), b"/N 3 " + FLATE)
    ),
    "arrays in arrays": one(b"/Resources << /X " + b"[" * 50_000 + b"]" * 50_000 + b" >>"),
    "dictionaries in dictionaries": one(b"/Group " + b"<< /G " * 400 + b"4 " + b">> " * 400),
    "resources of themselves": one(
        b"/Resources 4 0 R", b"<< /XObject 4 0 R /Font 4 0 R /Resources 4 0 R /ExtGState 4 0 R /ColorSpace 4 0 R >>"
    ),
    "a space of itself": one(b"/Resources << /ColorSpace << /A 4 0 R >> >>", b"[%s]" % (b"4 0 R " * 9)),
    "a font of itself": one(
        b"/Resources << /Font << /F 4 0 R >> >>",
        b"<< %s >>" % b" ".join(b"/K%d 4 0 R" % number for number in range(300)),
    ),
    "forms by all ways": one(
        b"/Contents 4 0 R /Resources << /XObject << /F 5 0 R >> >>",
        stream(b"/F Do"),
        *(stream(b"/F Do /G Do", FORM % (number + 6, number + 6)) for number in range(400)),
        stream(b"", FORM % (5, 5)),
    ),
    "a field of itself": built(FIELDS, ONE_PAGE, ANNOTATED, WIDGET % b"/Kids [4 0 R 4 0 R] /Parent 4 0 R"),
    "a look without end": built(
        FIELDS,
        ONE_PAGE,
        ANNOTATED,
        WIDGET % b"/AP << /N 5 0 R >>",
        stream(bomb(300), FLATE + b" /Subtype /Form /BBox [0 0 9 9]"),
    ),
    "a table without end": b"%PDF-1.7\n1 0 obj\n"
    + stream(bomb(300), b"/Type /XRef /W [1 2 1] /Size 100000000 /Root 2 0 R " + FLATE)
    + b"\nendobj\nstartxref\n9\n%%EOF",
    "a table of billions": b"%PDF-1.7\nxref\n0 4000000000\n0000000000 65535 f \n"
    b"trailer << /Size 4000000000 /Root 1 0 R >>\nstartxref\n9\n%%EOF",
    "a page of light years": built(CATALOG, ONE_PAGE, TINY.replace(b"[0 0 9 9]", b"[-1000000000 0 0 1000]")),
}


@pytest.mark.parametrize("what", HOSTILE)
async def test_it_ends_in_little_memory(tmp_path: Path, what: str):
    """Each is pages or a refusal, in a process of 220 MB of address space, half of which are the libraries."""
    source = written(tmp_path / "in.pdf", HOSTILE[what])
    try:
        found = await converted(source, memory_bytes=220_000_000, timeout_s=60)
    except ScanError as error:
        assert error.fault in {  # noqa: PT017 -- either ending is right
            ScanFault.DAMAGED,
            ScanFault.NO_PAGES,
            ScanFault.TOO_LARGE,
            ScanFault.TOO_MANY_PAGES,
        }
    else:
        assert isinstance(found, Document)
        assert found.size_bytes < 2 * len(HOSTILE[what]) + 10_000


async def test_too_many_pages_are_not_made(tmp_path: Path):
    """A PDF that says how many pages it has, too many, is refused before qpdf makes an object of each: 46 MB."""
    used: list[Usage] = []
    for kids in (1, 20_000):
        tree = b"<< /Type /Pages /Count 20000 /Kids [%s] >>" % (b"3 0 R " * kids)
        source = written(tmp_path / "in.pdf", built(CATALOG, tree, TINY))
        with pytest.raises(ScanError) as caught:
            await convert(
                [source], tmp_path / "o", LIMITS, MADE_AT, memory_bytes=300_000_000, timeout_s=60, usage=used.append
            )
        assert caught.value.fault is ScanFault.TOO_MANY_PAGES
    assert used[1].peak_bytes < used[0].peak_bytes + 10_000_000


@pytest.mark.parametrize("what", ["instructions packed twice", "instructions without end", "the same again and again"])
def test_nobody_is_sent_a_bomb(tmp_path: Path, what: str):
    """Drawing instructions that would keep every reader busy for minutes are refused, not passed on."""
    source = written(tmp_path / "in.pdf", HOSTILE[what])
    with pytest.raises(ScanError) as caught:
        clean_pdf(source, tmp_path / "out.pdf", LIMITS, MADE_AT, RECIPE)
    assert caught.value.fault is ScanFault.TOO_LARGE


async def test_a_large_scan_in_little_memory(tmp_path: Path):
    """A PDF of 150 MB is cleaned and checked in a process of 150 MB of address space: it is never held as a whole."""
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Resources << /XObject << /I %d 0 R >> >> >>"
    )
    image = stream(
        bytes(5_000_000), b"/Subtype /Image /Width 5000 /Height 1000 /BitsPerComponent 8 /ColorSpace /DeviceGray"
    )
    pages = [page % (number + 35) for number in range(30)]
    data = built(CATALOG, TREE % numbered(5, 30), b"null", stream(b"q /I Do Q"), *pages, *[image] * 30)
    source = written(tmp_path / "in.pdf", data)
    found = await converted(source, memory_bytes=150_000_000)
    assert (len(found.pages), found.plain_because) == (30, "")


SEEDS = (plain(2), signed(scan()), HOSTILE["forms by all ways"][:4000], HOSTILE["a field of itself"])
TOKENS = tuple(sorted(set(re.findall(rb"/[A-Za-z]+|\d+ 0 R|<<|>>|\[|\]|endobj|stream", b"".join(SEEDS)))))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 12), st.sampled_from(TOKENS)), max_size=8),
)
def test_any_mutation(tmp_path: Path, seed: bytes, changes: list[tuple[int, int, bytes]]):
    """Words of PDF put anywhere give pages or a ScanError, nothing else."""
    data = bytearray(seed)
    for at, length, token in changes:
        place = at % len(data)
        data[place : place + length] = token
    source = tmp_path / "in.pdf"
    source.write_bytes(data)
    found = outcome(lambda: clean_pdf(source, tmp_path / "out.pdf", LIMITS, MADE_AT, RECIPE))
    assert isinstance(found, ScanError) or all(isinstance(one, Page) for one in found.pages)
