"""The text of a mail, and the pages shown in it."""

import email
import email.policy
import re
from dataclasses import replace
from email.message import EmailMessage
from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.normalise.compose import Letter
from image.document import Thumbnail
from tests.gateway.normalise.mails import PDF
from tests.gateway.normalise.test_compose import LETTER, composed

PAGES = tuple(Thumbnail(page, 240, 340, b"\xff\xd8\xff" + bytes([page])) for page in (1, 2, 4))
SEEN = st.characters(exclude_categories=["Cc", "Cs", "Cn"])
SHOWN = replace(LETTER, thumbnails=PAGES)


class _Html(HTMLParser):
    """The words of a page, and its images."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words = ""
        self.images: list[dict[str, str | None]] = []
        self.tags: set[str] = set()
        self.feed(text)

    def handle_data(self, data: str) -> None:
        self.words += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "img":
            self.images.append(dict(attrs))


def parts_of(letter: Letter) -> list[EmailMessage]:
    """All parts of the mail, none with a defect."""
    mail = email.message_from_bytes(composed(letter, PDF), policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    found = [part for part in mail.walk() if isinstance(part, EmailMessage)]
    assert [defect for part in found for defect in part.defects] == []
    return found


def html_of(letter: Letter) -> str:
    """The HTML of the mail."""
    (html,) = [part for part in parts_of(letter) if part.get_content_type() == "text/html"]
    text: str = html.get_content()
    return text


def test_the_structure():
    """Text, or HTML with its pictures, and beside them the PDF; only the PDF is an attachment."""
    assert [part.get_content_type() for part in parts_of(SHOWN)] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html",
        "image/jpeg", "image/jpeg", "image/jpeg", "application/pdf",
    ]  # fmt: skip
    mail = parts_of(SHOWN)[0]
    assert [part.get_filename() for part in mail.iter_attachments()] == ["scan.pdf"]
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert plain.get_content() == "1 page, scanned to scans. The scan is attached as PDF."


def test_each_picture_is_shown_once():
    """The HTML shows each picture by its Content-ID, with its size and page; each is inline and has a name."""
    pictures = [part for part in parts_of(SHOWN) if part.get_content_type() == "image/jpeg"]
    assert [picture.get_content() for picture in pictures] == [page.jpeg for page in PAGES]
    assert {picture.get_content_disposition() for picture in pictures} == {"inline"}
    assert [picture.get_filename() for picture in pictures] == ["page-1.jpg", "page-2.jpg", "page-4.jpg"]
    images = _Html(html_of(SHOWN)).images
    assert [f"<{str(image['src']).removeprefix('cid:')}>" for image in images] == [p["Content-ID"] for p in pictures]
    assert [(image["alt"], image["width"], image["height"]) for image in images] == [
        ("Page 1", "240", "340"), ("Page 2", "240", "340"), ("Page 4", "240", "340"),
    ]  # fmt: skip


def test_without_pictures_there_is_no_html():
    """A mail that shows no page is text and PDF only."""
    assert [part.get_content_type() for part in parts_of(LETTER)] == [
        "multipart/mixed",
        "text/plain",
        "application/pdf",
    ]


def test_nothing_is_fetched():
    """The HTML names nothing outside of the mail: no address, script, style sheet or form."""
    page = html_of(replace(SHOWN, text=("<script src='https://x.example'>", "", '"><img src=https://x.example/a>')))
    assert _Html(page).tags == {"html", "head", "meta", "title", "body", "p", "img"}
    assert all(str(image["src"]).startswith("cid:") for image in _Html(page).images)


@given(st.lists(st.text(SEEN, max_size=200) | st.just("<&\">'&amp;"), max_size=4).map(tuple))
@settings(max_examples=100, deadline=None)
def test_any_text_is_shown_as_it_is(text):
    """Both forms say the same words, whatever they are; the HTML is ASCII in lines that any server passes."""
    letter = replace(SHOWN, text=text)
    plain = next(part for part in parts_of(letter) if part.get_content_type() == "text/plain").get_content()
    page = html_of(letter)
    assert page.isascii()
    assert max(len(line) for line in page.splitlines()) <= 998
    told = re.sub(r"\s", "", _Html(page).words)
    assert told.removeprefix("Scan") == re.sub(r"\s", "", plain)


def test_what_is_no_character_is_left_out():
    """A control character, which a file's name may hold, is a space in the HTML, not another letter."""
    assert "a b c" in html_of(replace(SHOWN, text=("", "a\x80b\x00c")))


def test_no_boundary_begins_as_another():
    """A reader that compares only the beginning of a line with a boundary does not take one for another."""
    boundaries = [part.get_boundary() or "" for part in parts_of(SHOWN) if part.is_multipart()]
    assert len(set(boundaries)) == 3
    assert not any(one != other and one.startswith(other) for one in boundaries for other in boundaries)
