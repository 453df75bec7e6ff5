"""Templates of subjects and file names."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.template import FIELDS, check, fill
from tests.conf.given import MAILDIR, SENDER, SHARE, mistakes, right

RIGHT = SENDER + MAILDIR + SHARE
VALUES = {field: field.upper() for field in FIELDS}


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("{device}, {date} {time}: {subject}", "DEVICE, DATE TIME: SUBJECT"),
        ("{pages} pages of {name} ({job})", "PAGES pages of NAME (JOB)"),
        ("no field", "no field"),
        ("{{date}} {{", "{date} {"),
        ("{{{date}}}", "{DATE}"),
    ],
)
def test_fields_are_filled_in(template: str, filled: str):
    """Each field is replaced, a doubled brace is one."""
    assert fill(check(template), VALUES) == filled


def test_values_are_no_templates():
    """What a device wrote is never read as a template."""
    assert fill("{subject}", {**VALUES, "subject": "{date} {{ }"}) == "{date} {{ }"


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        ("{subjct}", "has the unknown field {subjct}; did you mean {subject}?"),
        ("{Date}", "has the unknown field {Date}; did you mean {date}?"),
        ("{ date }", "has the unknown field { date }; did you mean {date}?"),
        ("{}", "has the unknown field {}; the fields are "),
        ("{subject!r:>9}", "has the unknown field {subject!r:>9}; did you mean {subject}?"),
        ("{date", "has a single {: a brace that is meant as one is written twice"),
        ("date}", "has a single }: a brace that is meant as one is written twice"),
        (" ", "must not be empty"),
    ],
)
def test_anything_else_is_a_mistake(template: str, complaint: str):
    """An unknown field, a stray brace and an empty template are refused, with the nearest field."""
    with pytest.raises(ValueError, match=r".") as caught:
        check(template)
    assert str(caught.value).startswith(complaint)


@given(st.text(st.sampled_from("{}date !.:[]0"), max_size=20))
def test_any_text_is_right_or_refused(template: str):
    """Whatever is written there can be filled, or is refused with a sentence."""
    with contextlib.suppress(ValueError):
        assert "Z" not in fill(check(template), VALUES)
        return
    with pytest.raises(ValueError, match=r"^(has|must) "):
        check(template)


def test_the_configuration_tells_its_place():
    """A mistake in [mail] is one sentence with file, line and key; what is not set is as it always was."""
    text = RIGHT + '[mail]\nsubject = "{devise}"\nfile_name = "{"\nthumbnails = 5\n'
    assert [line.split(":", 2)[2].strip() for line in mistakes(text)] == [
        "mail.subject: has the unknown field {devise}; did you mean {device}?",
        "mail.file_name: has a single {: a brace that is meant as one is written twice",
        "mail.thumbnails: must be 0 to 4",
    ]
    mail = right(RIGHT, {"SCANGATE_MAIL__THUMBNAILS": "0"}).config.mail
    assert (mail.subject, mail.file_name, mail.thumbnails) == ("{subject}", "{name}", 0)
