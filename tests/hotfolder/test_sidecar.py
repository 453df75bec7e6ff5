import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hotfolder.sidecar import MOST_RECIPIENTS, SIDECAR_BYTES, Sidecar, Unusable, is_sidecar_name, stem_of
from hotfolder.sidecar_read import read

ALICE, BOB = "alice@contoso.com", "bob@contoso.com"
BOTH = Sidecar((ALICE, BOB), "Invoice 7")

RIGHT: dict[str, list[tuple[str, Sidecar]]] = {
    "s.json": [
        ('{"to": ["alice@contoso.com", "bob@contoso.com"], "subject": "Invoice 7"}', BOTH),
        ('\ufeff{"to": ["alice@contoso.com, bob@contoso.com"],\r\n "subject": " Invoice\\n 7 "}', BOTH),
        ('{"subject": "Invoice 7"}', Sidecar((), "Invoice 7")),
        ("{}", Sidecar((), "")),
    ],
    "s.TXT": [
        ("To: alice@contoso.com; bob@contoso.com\r\nSubject: Invoice 7\r\n", BOTH),
        ("\ufeff\nto:alice@contoso.com\nTO : bob@contoso.com, alice@contoso.com\nSUBJECT: Invoice   7", BOTH),
        ("To:\n", Sidecar((), "")),
        ("Subject: Re: it is 10:30", Sidecar((), "Re: it is 10:30")),
        ("", Sidecar((), "")),
    ],
    "s.xml": [
        ("<scan><to>alice@contoso.com</to><to>bob@contoso.com</to><subject>Invoice 7</subject></scan>", BOTH),
        ('<?xml version="1.0"?>\n<scan a="b">\n<to> alice@contoso.com,\nbob@contoso.com</to>\n</scan>',
         Sidecar((ALICE, BOB), "")),
        ("<scan><pages><to>x@y</to></pages><subject>Invoice\n 7</subject></scan>", Sidecar((), "Invoice 7")),
        ("<scan><to>a&amp;b@contoso.com</to></scan>", Sidecar(("a&b@contoso.com",), "")),
        ("<scan><to><![CDATA[alice@contoso.com]]></to></scan>", Sidecar((ALICE,), "")),
        ("<scan><user><name>al</name><email>alice@contoso.com</email></user><type>folder</type></scan>",
         Sidecar((ALICE,), "")),
        ("<scan><user><email>bob@contoso.com</email></user><to>alice@contoso.com</to></scan>", Sidecar((ALICE,), "")),
        ("<scan/>", Sidecar((), "")),
    ],
}  # fmt: skip


@pytest.mark.parametrize(("name", "text", "said"), [(n, *case) for n, cases in RIGHT.items() for case in cases])
def test_the_documented_forms_are_read(name: str, text: str, said: Sidecar):
    """JSON, TXT and XML in their stated forms name recipients, each once in order, and a subject of one line."""
    assert read(text.encode(), name) == said


def test_xml_is_read_in_the_encoding_it_declares():
    """A device that writes Latin-1 or UTF-16 is understood, as XML wants it."""
    text = '<?xml version="1.0" encoding="{}"?><scan><to>alice@contoso.com</to><subject>Bürö</subject></scan>'
    for encoding in ("ISO-8859-1", "UTF-16", "UTF-8"):
        assert read(text.format(encoding).encode(encoding), "s.xml") == Sidecar((ALICE,), "Bürö")


BOMB = '<!DOCTYPE scan [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><scan><to>&b;</to></scan>'
WRONG = {
    "s.json": [
        "", "[]", "null", '{"to": "alice@contoso.com"}', '{"to": [7]}', '{"to": [["a"]]}', '{"subject": 7}',
        '{"To": ["alice@contoso.com"]}', '{"to": ["a@b.c"], "cc": ["d@e.f"]}', '{"to": ["a@b.c"], "to": ["d@e.f"]}',
        '{"to": [NaN]}', '{"to": ["a@b.c"', '{"to": ["a@b.c"]} {}', '{"to": ["\\ud800@b.c"]}', '{"subject": "\\u202e"}',
        "[" * 50_000, "1" * 5000,
    ],
    "s.txt": [
        "Dear Alice,\nTo: bob@contoso.com", "alice@contoso.com", ":", "Cc: a@b.c", "Subject: 1\nSubject: 2",
        "To: a\x00b@c.d", "To: a\x1bb@c.d", "To: a@b.c\u2028Cc: x@y.z",
    ],
    "s.xml": [
        "", "scan", "<scan>", "<Scan/>", "<root><to>a@b.c</to></root>", "<scan/><scan/>", "<scan><to>a@b.c</to>",
        "<scan><to>a@b<b>.c</b></to></scan>", "<scan><subject>1</subject><subject>2</subject></scan>",
        "<scan><to>&x;</to></scan>", BOMB, '<!DOCTYPE scan SYSTEM "http://127.0.0.1/x.dtd"><scan/>',
        '<!DOCTYPE scan [<!ENTITY x SYSTEM "file:///etc/passwd">]><scan><to>&x;</to></scan>',
        '<!DOCTYPE scan [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]><scan/>', "<!DOCTYPE scan><scan/>",
        '<?xml version="1.0" encoding="no-such"?><scan/>', "<scan>" + "<x>" * 40 + "</x>" * 40 + "</scan>",
        '<x:scan xmlns:x="y"><x:to>a@b.c</x:to></x:scan>', "<scan><to>a\u202eb@c.d</to></scan>",
    ],
    "s.csv": ["to,subject"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in WRONG.items() for text in texts])
def test_what_is_not_understood_is_refused_whole(name: str, text: str):
    """No text that is not of its form names anybody: no typing error, no declaration, no other's form, no half."""
    found = read(text.encode("utf-8", "surrogatepass"), name)
    assert isinstance(found, Unusable), found
    assert "\n" not in found.reason


def test_an_entity_is_never_loaded(monkeypatch: pytest.MonkeyPatch):
    """A sidecar cannot make the box open a file or a connection: the declaration alone ends it."""
    monkeypatch.setattr("builtins.open", lambda *_: pytest.fail("opened"))
    text = '<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><scan><to>&x;</to></scan>'
    assert read(text.encode(), "s.xml") == Unusable("it declares a document type or an entity, which is not allowed")


def test_the_limits():
    """What is larger than 64 KiB, or names more than a hundred, is refused; what is just within is read."""
    many = ",".join(f"p{number}@contoso.com" for number in range(MOST_RECIPIENTS))
    found = read(f"To: {many}".encode(), "s.txt")
    assert isinstance(found, Sidecar)
    assert len(found.to) == MOST_RECIPIENTS
    assert isinstance(read(f"To: {many},one@contoso.com".encode(), "s.txt"), Unusable)
    assert read(b"\n" * SIDECAR_BYTES, "s.txt") == Sidecar((), "")
    assert read(b"\n" * (SIDECAR_BYTES + 1), "s.txt") == Unusable("it is larger than 64 KiB")


NAMES = st.sampled_from(["s.json", "s.txt", "s.xml", "s.JSON", "s.bin", ""])
PIECES = st.lists(
    st.sampled_from(
        ["<scan>", "</scan>", "<to>", "</to>", "<user>", "<email>", "</email>", "</user>", "<subject>", "</subject>",
         "<!DOCTYPE scan [", "<!ENTITY x 'y'>", "]>", "&x;", "&amp;", "&#0;", "<![CDATA[", "]]>",
         "<?xml version='1.0'?>", "<!--", "-->",
         "To:", "Subject:", "\n", "{", "}", "[", "]", '"to"', '"subject"', ":", ",", '"a@b.c"', "a@b.c",
         "\\ud800", "\ufeff", "\x00", "é"]
    ) | st.text(max_size=5),
    max_size=14,
).map(lambda pieces: "".join(pieces).encode("utf-8", "surrogatepass"))  # fmt: skip


@given(st.binary(max_size=400) | PIECES, NAMES)
@example(b"\xff\xfe<\x00s\x00", "s.xml")
@example(b'<?xml version="1.0" encoding="utf-7"?><scan/>', "s.xml")
@example(b'<?xml version="1.0" encoding="shift_jis"?><scan>\x81</scan>', "s.xml")
@example(b'{"to": ["' + b"\\u0000" + b'"]}', "s.json")
def test_any_bytes_are_a_sidecar_or_a_refusal(data: bytes, name: str):
    """Whatever stands in it, a sidecar is a value or a refusal; what it names is printable, and within the limits."""
    found = read(data, name)
    if isinstance(found, Unusable):
        assert found.reason.isprintable()
        return
    assert len(found.to) == len(set(found.to)) <= MOST_RECIPIENTS
    for text in (*found.to, found.subject):
        assert text.isprintable()
        assert text == text.strip()
        text.encode()
    assert all(text and "," not in text and ";" not in text for text in found.to)


TEXTS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=20)


@given(st.lists(TEXTS.filter(lambda text: not set(text) & set(",;")), max_size=5, unique=True), TEXTS)
def test_what_a_program_writes_as_json_is_read(to: list[str], subject: str):
    """Any texts that a program writes by the stated form come back as they were."""
    data = json.dumps({"to": to, "subject": subject}).encode()
    assert read(data, "s.json") == Sidecar(tuple(to), subject)


@pytest.mark.parametrize(
    ("name", "is_sidecar", "stem"),
    [
        ("scan.xml", True, "scan"),
        ("SCAN.JSON", True, "SCAN"),
        ("scan.pdf.txt", True, "scan.pdf"),
        ("scan.pdf", False, "scan"),
        ("scan", False, "scan"),
        (".xml", True, ".xml"),
    ],
)
def test_names(name: str, is_sidecar: bool, stem: str):  # noqa: FBT001  a table
    """A sidecar is known by its suffix; its stem is what it has in common with its scan."""
    assert (is_sidecar_name(name), stem_of(name)) == (is_sidecar, stem)
