"""A PDF spread over several."""

import random
from pathlib import Path

import pytest
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from image.document import Limits
from image.errors import ScanError
from image.fit.budget import Budget, Fit
from image.pdf.opening import opened
from image.pdf.split import split, too_large_alone
from image.pdf.weigh import weights
from tests.image.heavy import as_document, files_beside, fitted, jpeg
from tests.image.outcome import outcome
from tests.image.poppler import text_of
from tests.image.scanned_pdf import cleaned, font, scan
from tests.image.through_convert import converted

SPLIT = (Fit.SPLIT,)


@pytest.mark.parametrize("pages", [1, 2, 7])
def test_predicted_sizes_are_those_written(tmp_path: Path, pages: int):
    """Never below, and not far above: else a mail more would be sent."""
    document = converted(tmp_path, *(jpeg(seed) for seed in range(pages)))
    with opened(document.path) as pdf:
        found = weights(pdf)
    predicted = found.fixed_bytes + sum(found.sizes[key] for key in frozenset[tuple[int, int]]().union(*found.used))
    parts = split(document, Budget(predicted, SPLIT), Limits())
    assert len(parts) == 1
    assert predicted - 2000 - 300 * pages < parts[0].size_bytes <= predicted
    assert too_large_alone(document.path, Budget(1, SPLIT))[1] == tuple(range(pages))


def test_what_pages_share_stands_in_every_part_that_needs_it(tmp_path: Path):
    """Text in a shared font, on a shared letterhead, reads the same in all parts; nothing else is carried along."""
    pdf = scan(6)
    letterhead, shared_font = pdf.make_indirect(pdf.pages[0].obj.Resources.XObject.Im), pdf.make_indirect(font())
    for number, page in enumerate(pdf.pages, 1):
        resources = page.obj.Resources
        resources.XObject.Im = letterhead
        resources.Font = shared_font
        page.obj.Contents = Stream(
            pdf,
            b"BT /F1 9 Tf 9 9 Td (sheet %d) Tj ET %% %s"
            % (number, random.Random(number).randbytes(20_000).hex().encode()),
        )
    path, _ = cleaned(tmp_path, pdf)
    after = fitted(as_document(path), Budget(56_000, SPLIT))
    assert [part.page_count for part in after.parts] == [2, 2, 2]
    assert [text_of(part.path).split()[1::2] for part in after.parts] == [["1", "2"], ["3", "4"], ["5", "6"]]


def test_layers_that_are_hidden_stay_hidden_in_every_part(tmp_path: Path):
    """What the whole says about its layers, each part says too."""
    pdf = scan(2)
    layer = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=b"layer"))
    pdf.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=Dictionary(OFF=Array([layer])))
    path, _ = cleaned(tmp_path, pdf)
    after = fitted(as_document(path), Budget(path.stat().st_size * 3 // 4, SPLIT))
    for part in after.parts:
        with Pdf.open(part.path) as one:
            assert len(one.Root.OCProperties.D.OFF) == 1


def test_nothing_is_left_of_a_split_that_fails(tmp_path: Path):
    """The last page is too large: the parts before it are removed."""
    document = converted(tmp_path, *(jpeg(seed, width_px=200) for seed in range(3)), jpeg(3, width_px=900))
    error = outcome(lambda: split(document, Budget(document.size_bytes // 3, SPLIT), Limits()))
    assert isinstance(error, ScanError)
    assert str(error).startswith("Page 4 ")
    assert files_beside(document.path) == ["out.pdf"]


def test_many_pages_are_spread_in_order(tmp_path: Path):
    """A long scan of small pages; each part is as full as it can be."""
    document = converted(tmp_path, *(jpeg(1, width_px=100 + number, quality=30) for number in range(24)))
    after = fitted(document, Budget(60_000, SPLIT))
    assert len(after.parts) > 2
    for part, following in zip(after.parts, after.parts[1:], strict=False):
        assert part.size_bytes + following.size_bytes / following.page_count > 60_000 - 3000
