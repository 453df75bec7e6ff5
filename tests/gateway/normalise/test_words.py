import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.normalise.parts import Part
from gateway.normalise.words import lines_of, without_tags


def text(folder: Path, contents: bytes, content_type: str = "text/plain", charset: str = "utf-8") -> Part:
    """A text part."""
    path = folder / f"part-{len(list(folder.iterdir()))}"
    path.write_bytes(contents)
    return Part(content_type, "", path, len(contents), charset)


def test_a_text_is_bounded(tmp_path):
    """A text of any length gives some hundred lines, and says that it was cut."""
    for contents in (b"line\n" * 5000, b"word " * 40_000, b"\n" * 90_000 + b"x", b"x" * 3000):
        lines = lines_of([text(tmp_path, contents)])
        assert len(lines) <= 201
        assert sum(map(len, lines)) < 21_000
        assert not lines or "it was cut here" in lines[-1] or contents.startswith(b"\n")


def test_of_many_texts_some_are_read(tmp_path):
    """Of hundreds of texts so much is read as could be shown, and said that it was cut; what comes first stays."""
    parts = [text(tmp_path, b"first"), *(text(tmp_path, b"\x01" * 60_000) for _ in range(5)), text(tmp_path, b"last")]
    assert lines_of(parts) == ("first", "(The text of the printer's mail goes on; it was cut here.)")


def test_empty_lines_are_made_one(tmp_path):
    """Several texts follow each other with an empty line between; more than one is never kept."""
    parts = [text(tmp_path, b"\r\n\r\none\r\n\r\n\r\ntwo\r\n"), text(tmp_path, b"  \n"), text(tmp_path, b"three")]
    assert lines_of(parts) == ("one", "", "two", "", "three")


def test_any_charset_is_read(tmp_path):
    """A text is read in the charset that it claims, and guessed where there is no such charset."""
    said = {"shift_jis": "スキャン", "utf-16": "Größe", "x-none": "Größe", "iso-2022-jp": "文書", "us-ascii": "Größe"}
    for charset, words in said.items():
        known = "utf-8" if charset in {"x-none", "us-ascii"} else charset
        assert lines_of([text(tmp_path, words.encode(known), charset=charset)]) == (words,)


def test_html_becomes_text():
    """Tags go, blocks are lines of their own, what a reader never sees is left out, signs stay."""
    page = "<!DOCTYPE html><head><style>p{}</style></head><!-- <p>no --><p>a&nbsp;&lt;b</p><div>3 < 4<td>c<td>d</div>e"
    assert [line for line in without_tags(page).split("\n") if line] == ["a <b", "3 < 4 c d", "e"]
    assert without_tags("<script>never closed <p>x").strip() == ""
    assert without_tags("a<!-- never closed").strip() == "a"
    assert without_tags("a <b").strip() == "a <b"


@given(
    st.binary(max_size=300), st.sampled_from(["text/plain", "text/html"]), st.sampled_from(["", "utf-7", "idna", "x"])
)
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_a_text_any_mail_can_hold(tmp_path_factory, contents, content_type, charset):
    """Whatever a device writes, the lines are printable text without control characters."""
    folder = tmp_path_factory.mktemp("text")
    for line in lines_of([text(folder, contents, content_type, charset)]):
        assert re.search(r"[\x00-\x1f\x7f-\x9f\r\n\u202e\ud800-\udfff]", line) is None
        line.encode()
