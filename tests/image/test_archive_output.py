"""Everything we deliver: what claims PDF/A-2b keeps its rules, what does not keep them claims nothing."""

import io
from datetime import timedelta
from pathlib import Path

import pikepdf
import pytest

from image.recipe import Recipe
from tests.image.archive_rules import broken_rules
from tests.image.archive_rules_xmp import told_twice
from tests.image.archived_scans import CLAIM, MADE_AT, RECIPES, archived, pdf_of, pdfs
from tests.image.drawn import page, saved
from tests.image.small_scans import of_format, small_scans

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
IMAGES = sorted(path for path in CORPUS.glob("*") if path.suffix in {".tif", ".jpg", ".png", ".bmp", ".gif", ".jp2"})


@pytest.mark.parametrize("recipe", ["jpeg", "lossless", "titled"])
def test_what_claims_the_archive_keeps_its_rules(recipe: str):
    """Of every kind of picture: the file that claims PDF/A-2b breaks no rule, and says its facts once."""
    found = archived(recipe)
    assert len(found) > 40
    assert {name: broken_rules(data) for name, data in found.items() if broken_rules(data)} == {}
    for data in found.values():
        with pikepdf.open(io.BytesIO(data)) as pdf:
            assert told_twice(pdf) == []


def test_every_grey_and_rgb_picture_is_archived():
    """Only CMYK may be delivered without the claim."""
    assert {name for name in set(pdfs("jpeg")) - set(archived("jpeg")) if not name.startswith("CMYK")} == set()


def test_a_plain_file_claims_nothing():
    """With ``is_archive`` off, no file claims the archive."""
    assert pdfs("plain")
    assert archived("plain") == {}


@pytest.mark.parametrize("name", of_format("pdf"))
def test_incoming_pdfs_claim_nothing(name: str):
    """A PDF that came in, alone or joined with pictures, is delivered without a claim nobody has proved."""
    for files in ([small_scans()[name]], [small_scans()["L.png"], small_scans()[name]]):
        made = pdf_of(*files, recipe=Recipe())
        assert isinstance(made, bytes)
        assert CLAIM not in made


def test_a_false_claim_is_taken_away():
    """A PDF that calls itself PDF/A and comes in is delivered without that."""
    made = pdf_of(archived("jpeg")["L.png"], recipe=Recipe())
    assert isinstance(made, bytes)
    assert CLAIM not in made


@pytest.mark.parametrize("path", IMAGES, ids=lambda path: path.name)
def test_the_corpus_keeps_the_rules(path: Path):
    """The same for every picture of the corpus that is delivered."""
    made = pdf_of(path.read_bytes(), recipe=Recipe())
    if isinstance(made, bytes) and CLAIM in made:
        assert broken_rules(made) == []


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_bytes_depend_on_input_and_time_alone(recipe: Recipe):
    """The same files and time give the same bytes whatever their names and folder; another time gives others."""
    scans = small_scans()
    pictures = [scans["RGB-tiff_lzw.tif"], scans["turned-6.jpg"], scans["P.png"], scans["1-group3.tif"]]
    for files in (pictures, [scans["plain.pdf"]], [*pictures, scans["acting.pdf"]]):
        first = pdf_of(*files, recipe=recipe)
        assert isinstance(first, bytes)
        assert pdf_of(*files, recipe=recipe, name="another ") == first
        assert pdf_of(*files, recipe=recipe, made_at=MADE_AT + timedelta(seconds=1)) != first
        assert pdf_of(*files, saved(page("L"), "PNG"), recipe=recipe) != first
