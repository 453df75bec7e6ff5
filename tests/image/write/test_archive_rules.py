"""Our checker of PDF/A-2b: it finds each break, and nothing in a good file; judged by files of others where present."""

from pathlib import Path

import pytest
from pikepdf import Array, Dictionary, Name, Stream, String

from tests.image.archive_breaks import (
    Break,
    drawn,
    edited,
    encrypted,
    good,
    inserted,
    misstated,
    on_image,
    on_intent,
    on_page,
    packet_of,
    profile_of,
    put,
    root,
    swapped,
    with_action,
    with_annotation,
    with_field,
    with_form,
    with_packet,
    with_profile,
    with_space,
    with_state,
    written_in,
)
from tests.image.archive_rules import broken_rules, clauses
from tests.image.preflight import part_one_twin

CORPUS = Path(__file__).parents[3].parent / "shared" / "corpus"
WRITING = [
    ("6.1.2", swapped(b"%PDF-1.7", b"#PDF-1.7")),
    ("6.1.2", swapped(b"%PDF-1.7", b"%PDF-1.8")),
    ("6.1.2", swapped(b"\n%\xe2\xe3", b"\n%ab")),
    ("6.1.3", lambda data: data + b"\n"),
    ("6.1.3", lambda data: data + b"%"),
    ("6.1.3", swapped(b"/ID [", b"/Id [")),
    ("6.1.3", encrypted),
    ("6.1.4", swapped(b"xref\n0 ", b"xref 0 ")),
    ("6.1.4", swapped(b"00 n \n", b"00 n\n\n")),
    ("6.1.4", swapped(b"00 n \n0", b"00 n \n1")),
    ("6.1.6", swapped(b"/Info (sRGB)", b"/Info <12g4>")),
    ("6.1.6", swapped(b"/Info (sRGB)", b"/Info <123 >")),
    ("6.1.7.1", swapped(b"stream\n", b"stream\r")),
    ("6.1.7.1", swapped(b"\nendstream", b" endstream")),
    ("6.1.7.1", misstated),
    ("6.1.7.1", swapped(b"/Type /XObject", b"/F (a)        ")),
    ("6.1.9", swapped(b"0 obj\n<< /Type /Pages", b"0 obj <</Type  /Pages")),
    ("6.1.9", swapped(b"\nendobj", b" endobj")),
    ("6.1.9", swapped(b" 0 obj\n<<", b" 0  obj<<")),
]
LIMITS = [
    ("6.1.13", root(Many=2**31)),
    ("6.1.13", root(Few=-(2**31) - 1)),
    ("6.1.13", drawn(b"1" + b"0" * 39 + b".5 w")),
    ("6.1.13", root(Text=String("x" * 32768))),
    ("6.1.13", root(**{"n" * 128: 1})),
    ("6.1.13", drawn(b"q " * 29 + b"Q " * 29)),
    ("6.1.13", drawn(b"1 0 0 1 2147483648 0 cm")),
    ("6.1.13", on_page(MediaBox=Array([0, 0, 2, 100]))),
    ("6.1.13", on_page(CropBox=Array([0, 0, 100, 14401]))),
]
CODING = [
    ("6.1.7.2", on_image(Filter=Name.LZWDecode)),
    (
        "6.1.7.2",
        inserted(b"/Filter /FlateDecode", b"/Filter [/Crypt /FlateDecode] /DecodeParms [<< /Name /Mine >> null]"),
    ),
    ("6.1.7.2", on_image(Filter=Name.Squeezed)),
    ("6.1.10", drawn(b"BI /W 1 /H 1 /BPC 8 /CS /G /F /LZW ID \x80\x0b\x60\x50\x22\x0c\x0c\x85\x01 EI")),
    ("6.1.12", root(Perms=Dictionary(Mine=Dictionary()))),
    ("6.2.2", drawn(b"1 0 0 1 0 0 cq")),
    ("6.2.2", drawn(b"BX what EX")),
]
COLOURS = [
    ("6.2.3", on_intent(DestOutputProfile=None)),
    ("6.2.3", on_intent(DestOutputProfileRef=Dictionary())),
    ("6.2.3", on_intent(OutputConditionIdentifier=None)),
    ("6.2.3", with_profile(lambda data: data[:-1])),
    ("6.2.3", with_profile(lambda data: data[:8] + b"\x05" + data[9:])),
    ("6.2.3", with_profile(lambda data: data[:12] + b"scnr" + data[16:])),
    ("6.2.3", with_profile(lambda data: data, colours=4)),
    (
        "6.2.3",
        edited(
            lambda pdf: pdf.Root.OutputIntents.append(
                Dictionary(S=Name.GTS_PDFX, DestOutputProfile=pdf.make_indirect(Stream(pdf, profile_of(pdf), N=3)))
            )
        ),
    ),
    ("6.2.4.1", on_image(ColorSpace=None)),
    ("6.2.4.1", on_image(ColorSpace=Name.Rainbow)),
    ("6.2.4.2", with_space(lambda pdf: Array([Name.ICCBased, pdf.make_indirect(Stream(pdf, b"no profile", N=3))]))),
    ("6.2.4.3", on_image(ColorSpace=Name.DeviceCMYK)),
    ("6.2.4.3", with_space(lambda _: Array([Name.Indexed, Name.DeviceCMYK, 0, String("abcd")]))),
    ("6.2.4.3", drawn(b"0 0 0 1 k")),
    ("6.2.4.3", drawn(b"/DeviceCMYK CS")),
    ("6.2.4.3", root(OutputIntents=None)),
    (
        "6.2.4.4",
        with_space(lambda _: Array([Name.DeviceN, Array([Name.Gold]), Name.DeviceRGB, Dictionary(FunctionType=2)])),
    ),
]
DRAWING = [
    ("6.2.5", with_state(TR=Name.Identity)),
    ("6.2.5", with_state(TR2=Name.Identity)),
    ("6.2.5", with_state(HTP=Array([0, 0]))),
    ("6.2.5", with_state(HT=Dictionary(HalftoneType=6))),
    ("6.2.5", with_state(HT=Dictionary(HalftoneType=1, HalftoneName="a"))),
    ("6.2.6", with_state(RI=Name.Loud)),
    ("6.2.6", on_image(Intent=Name.Loud)),
    ("6.2.6", drawn(b"/Loud ri")),
    ("6.2.8", on_image(BitsPerComponent=3)),
    ("6.2.8.1", on_image(Alternates=Array([]))),
    ("6.2.8.1", on_image(OPI=Dictionary())),
    ("6.2.8.1", on_image(Interpolate=True)),
    ("6.2.8.1", drawn(b"BI /W 1 /H 1 /BPC 8 /CS /G /I true ID a EI")),
    ("6.2.9.1", with_form(PS=Dictionary())),
    ("6.2.9.1", with_form(Subtype2=Name.PS)),
    ("6.2.9.2", with_form(Ref=Dictionary())),
    ("6.2.9.3", with_form(Subtype=Name.PS)),
    ("6.2.10", with_state(BM=Name.Glow)),
    ("6.2.11.4.1", written_in(b"BT /F 9 Tf (seen) Tj ET")),
]
MARKS = [
    ("6.3.1", with_annotation(Subtype=Name.Movie, Rect=Array([0, 0, 0, 0]))),
    ("6.3.1", with_annotation(Subtype=Name("/3D"), Rect=Array([0, 0, 0, 0]))),
    ("6.3.2", with_annotation(F=2 | 4)),
    ("6.3.2", with_annotation(F=0)),
    ("6.3.3", with_annotation(Subtype=Name.Stamp)),
    ("6.3.3", with_annotation(AP=Dictionary(N=Dictionary(), D=Dictionary()))),
    ("6.4.1", with_field(AA=Dictionary())),
    ("6.4.1", root(AcroForm=Dictionary(NeedAppearances=True))),
    ("6.4.2", root(AcroForm=Dictionary(XFA=String("x")))),
    ("6.4.2", root(NeedsRendering=True)),
    ("6.5.1", with_action(S=Name.JavaScript, JS=String("1"))),
    ("6.5.1", with_action(S=Name.Launch)),
    ("6.5.1", with_action(S=Name.GoTo, Next=Dictionary(S=Name.Sound))),
    ("6.5.1", with_action(S=Name.Named, N=Name.Print)),
    ("6.5.1", root(Names=Dictionary(JavaScript=Dictionary()))),
    ("6.5.2", root(AA=Dictionary())),
    ("6.5.2", on_page(AA=Dictionary())),
    ("6.8", root(Names=Dictionary(EmbeddedFiles=Dictionary(Names=Array(["a", Dictionary(EF=Dictionary())]))))),
    ("6.9", root(OCProperties=Dictionary(D=Dictionary(), OCGs=Array([])))),
    ("6.9", root(OCProperties=Dictionary(D=Dictionary(Name="a", AS=Array([])), OCGs=Array([])))),
    ("6.10", root(Names=Dictionary(AlternatePresentations=Dictionary()))),
    ("6.10", on_page(PresSteps=Dictionary())),
    ("6.11", root(Requirements=Array([]))),
]
METADATA = [
    ("6.6.2.1", root(Metadata=None)),
    ("6.6.2.1", edited(lambda pdf: put(pdf.Root.Metadata, {"Subtype": Name.Text}))),
    ("6.6.2.1", inserted(b"/Type /Metadata", b"/Type /Metadata /Filter []")),
    ("6.6.2.1", with_packet(b"</rdf:RDF>", b"</rdf:RDX>")),
    ("6.6.2.1", with_packet(b"scangate", b"scangate \xff")),
    ("6.6.2.1", with_packet(b'zkc9d"?>', b'zkc9d" bytes="9"?>')),
    ("6.6.2.1", with_packet(b'zkc9d"?>', b'zkc9d" encoding="UTF-8"?>')),
    ("6.6.2.1", with_packet(b'<?xpacket end="r"?>', b"")),
    ("6.6.2.1", with_packet(b'rdf:about=""', b'rdf:about="x"')),
    ("6.6.2.3.1", with_packet(b"<pdf:Producer>scangate</pdf:Producer>", b"<pdf:Maker>scangate</pdf:Maker>")),
    ("6.6.2.3.1", with_packet(b"2026-11-23T09", b"23.11.2026 09")),
    ("6.6.4", with_packet(b"<pdfaid:part>2", b"<pdfaid:part>3")),
    ("6.6.4", with_packet(b"conformance>B", b"conformance>A")),
    ("6.6.4", edited(lambda pdf: pdf.Root.Metadata.write(packet_of(pdf).replace(b"pdfaid", b"paid")))),
]
FOLLOWING = {"6.1.3": {"6.1.7.1", "6.6.2.1"}, "6.2.3": {"6.2.4.3"}}
"""No profile, no device colour covered; what encrypts files here packs their metadata and ends streams without EOL."""

TABLE: list[tuple[str, Break]] = [*WRITING, *LIMITS, *CODING, *COLOURS, *DRAWING, *MARKS, *METADATA]


def test_a_good_file_is_good():
    """Nothing is found in a page of ours, nor in the same page written by qpdf."""
    assert broken_rules(good()) == []
    assert broken_rules(edited(lambda _: None)(good())) == []
    assert broken_rules(inserted(b"/Im Do", b"/Im Do")(good())) == []


@pytest.mark.parametrize(("clause", "breaks"), TABLE, ids=[f"{at}-{clause}" for at, (clause, _) in enumerate(TABLE)])
def test_each_break_is_found(clause: str, breaks: Break):
    """The clause that is broken is named, and no other that does not follow from it."""
    found = clauses(breaks(good()))
    assert found - FOLLOWING.get(clause, set()) == {clause}, broken_rules(breaks(good()))


def test_a_font_nobody_sees_need_not_be_there():
    """Text that is not shown, as OCR writes it, and a font that is not used, are no breach."""
    assert clauses(written_in(b"BT 3 Tr /F 9 Tf (not seen) Tj ET")(good())) == set()


@pytest.mark.parametrize("path", sorted(CORPUS.glob("pdfa-*.pdf")), ids=lambda path: path.name)
def test_files_of_others(path: Path):
    """A file that veraPDF's makers wrote to pass passes here; one they wrote to fail fails by its clause alone."""
    clause = ".".join(path.name.split("-")[1:4])
    assert clauses(path.read_bytes()) == ({clause} if "fail" in path.name else set())


def test_part_one_is_not_part_two():
    """A good file that claims another part is told apart by its claim alone."""
    assert clauses(part_one_twin(good())) == {"6.6.4"}
