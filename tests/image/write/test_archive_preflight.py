"""Every kind of page we make, as its part-1 twin, before PDFBox Preflight; and broken ones, to see that it bites."""

from functools import cache

import pytest
from pikepdf import Array, Dictionary, Name, String

from image.recipe import Recipe
from tests.image.archive_breaks import (
    Break,
    drawn,
    encrypted,
    good,
    misstated,
    on_image,
    on_page,
    root,
    swapped,
    with_action,
    with_form,
    with_packet,
    with_profile,
    with_state,
)
from tests.image.archived_scans import RECIPES, archived, pdf_of
from tests.image.preflight import part_one_twin, verdicts
from tests.image.small_scans import small_scans


@cache
def valid() -> dict[str, list[str]]:
    """The verdicts on all pages that claim the archive, one by one and together, found in one start of Java."""
    files = {f"{recipe}: {name}": data for recipe in RECIPES for name, data in archived(recipe).items()}
    many = pdf_of(*(data for name, data in small_scans().items() if name in archived("lossless")), recipe=Recipe())
    assert isinstance(many, bytes)
    return verdicts({name: part_one_twin(data) for name, data in {**files, "all": many}.items()})


@pytest.mark.parametrize("recipe", ["jpeg", "lossless", "titled"])
def test_every_kind_of_page_is_valid(recipe: str):
    """The other validator has nothing to say against a page of any kind, whatever the recipe."""
    found = {name: faults for name, faults in valid().items() if name.startswith(recipe)}
    assert len(found) > 40
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_all_pages_in_one_file_are_valid():
    """Nor against all of them in one file."""
    assert valid()["all"] == []


BROKEN: dict[str, Break] = {
    "no output intent": root(OutputIntents=None),
    "a profile cut off": with_profile(lambda data: data[:60]),
    "no metadata": root(Metadata=None),
    "no claim": with_packet(b"<pdfaid:conformance>B</pdfaid:conformance>", b""),
    "a packet that is no XML": with_packet(b"</rdf:RDF>", b"</rdf:RDX>"),
    "an Info that says other than the packet": with_packet(b"<pdf:Producer>scangate<", b"<pdf:Producer>another<"),
    "scripts": with_action(S=Name.JavaScript, JS=String("app.alert(1)")),
    "a launch": with_action(S=Name.Launch, F=String("a.exe")),
    "additional actions": root(AA=Dictionary(WC=Dictionary(S=Name.JavaScript, JS=String("1")))),
    "LZW": on_image(Filter=Name.LZWDecode),
    "interpolation": on_image(Interpolate=True),
    "CMYK": on_image(ColorSpace=Name.DeviceCMYK),
    "a film": on_page(Annots=Array([Dictionary(Type=Name.Annot, Subtype=Name.Movie, Rect=Array([0, 0, 9, 9]))])),
    "a transfer function": with_state(TR=Name.Identity),
    "transparency": with_form(Group=Dictionary(S=Name.Transparency)),
    "an operator that is none": drawn(b"1 0 0 1 0 0 cq"),
    "attachments": root(Names=Dictionary(EmbeddedFiles=Dictionary(Names=Array([])))),
    "no ID": swapped(b"/ID [", b"/Id ["),
    "no binary comment": swapped(b"\n%\xe2\xe3\xcf\xd3", b"\n% an "),
    "encryption": encrypted,
    "a wrong length": misstated,
}


@cache
def invalid() -> dict[str, list[str]]:
    """The verdicts on the broken files."""
    twin = part_one_twin(good())
    return verdicts({name: breaks(twin) for name, breaks in BROKEN.items()})


@pytest.mark.parametrize("what", BROKEN)
def test_it_bites(what: str):
    """A file broken in this way is refused, so its silence about ours means something."""
    assert invalid()[what]
