"""Everything we deliver: what claims PDF/A-2b keeps its rules, what does not keep them claims nothing."""

import io
from datetime import timedelta
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Name

from image.recipe import Recipe
from tests.image.archive_breaks import good, on_image
from tests.image.archive_rules import broken_rules
from tests.image.archive_rules_xmp import told_twice
from tests.image.archived_scans import CLAIM, MADE_AT, RECIPES, archived, pdf_of, pdfs
from tests.image.drawn import page, saved
from tests.image.preflight import part_one_twin, verdicts
from tests.image.small_scans import of_format, small_scans

CORPUS = Path(__file__).parents[3].parent / "shared" / "corpus"
SCANS = sorted(path for path in CORPUS.glob("*.*") if path.suffix != ".tsv")


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


@pytest.mark.parametrize("recipe", ["jpeg", "plain"])
@pytest.mark.parametrize("name", of_format("pdf"))
def test_incoming_pdfs(name: str, recipe: str):
    """A PDF that came in, alone or joined with pictures, claims the archive only when asked for and kept."""
    for files in ([small_scans()[name]], [small_scans()["L.png"], small_scans()[name]]):
        made = pdf_of(*files, recipe=RECIPES[recipe])
        assert isinstance(made, bytes)
        assert recipe == "jpeg" or CLAIM not in made
        keeps_its_claim(made)


def test_a_false_claim_is_taken_away():
    """A PDF that calls itself PDF/A-2b, in colours that nothing explains, is delivered without that claim."""
    made = pdf_of(on_image(ColorSpace=Name.DeviceCMYK)(good()), recipe=Recipe())
    assert isinstance(made, bytes)
    keeps_its_claim(made)


@pytest.mark.parametrize("path", SCANS, ids=lambda path: path.name)
def test_the_corpus_keeps_the_rules(path: Path):
    """The same for every file of the corpus that is delivered."""
    made = pdf_of(path.read_bytes(), recipe=Recipe())
    if isinstance(made, bytes):
        keeps_its_claim(made)


def keeps_its_claim(data: bytes) -> None:
    """Holds when the file breaks no rule, or claims nothing."""
    if CLAIM in data:
        assert broken_rules(data) == []
        assert verdicts({"": part_one_twin(data)})[""] == []


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
