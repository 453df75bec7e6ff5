"""The settings of the scans themselves."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.pdf import rung
from tests.conf.given import MAILDIR, SENDER, SHARE, mistakes, right

RIGHT = SENDER + MAILDIR + SHARE


@pytest.mark.parametrize(
    ("written", "read"),
    [("200 dpi q75", (200, 75)), ("300 dpi", (300, 75)), ("1200 dpi q95", (1200, 95)), ("72 dpi q30", (72, 30))],
)
def test_a_step_is_read(written: str, read: tuple[int, int]):
    """A step is a resolution, with a JPEG quality or the usual one."""
    assert rung(written) == read


@given(st.text(max_size=16))
def test_any_other_text_is_no_step(written: str):
    """What is no step is refused with a sentence, whatever it is."""
    with contextlib.suppress(ValueError):
        dpi, quality = rung(written)
        assert 72 <= dpi <= 1200
        assert 30 <= quality <= 95
        return
    with pytest.raises(ValueError, match="must be "):
        rung(written)


def test_mistakes_in_lists_and_switches_are_sentences():
    """A wrong step, remedy, language or switch is told with its place and what is allowed."""
    text = RIGHT + (
        "[pdf]\narchive = 'yes'\nover_limit = ['shrink']\nreduce_grey = ['200']\nreduce_colour = ['50 dpi']\n"
        "languages = ['../x']\nsigned = 'maybe'\n"
    )
    assert [line.split(":", 2)[2].strip() for line in mistakes(text)] == [
        "pdf.archive: must be true or false, without quotes",
        'pdf.over_limit[0]: must be "reduce" or "split"',
        'pdf.reduce_grey[0]: must be a resolution and, for grey and colour, a JPEG quality, such as "200 dpi q75"',
        "pdf.reduce_colour[0]: must be 72 to 1200 dpi, with a quality of 30 to 95",
        'pdf.languages[0]: must be a language as Tesseract names it, such as "eng" or "deu"',
        'pdf.signed: must be "keep", "remove" or "refuse"',
    ]


@pytest.mark.parametrize(("said", "value"), [("true", True), ("False", False)])
def test_the_environment_can_switch(said: str, value: bool):  # noqa: FBT001  the value is the example
    """A switch is set from the environment as true or false."""
    assert right(RIGHT, {"SCANGATE_PDF__OCR": said}).config.pdf.ocr is value


def test_a_list_can_be_emptied():
    """Nothing done with a scan over the limit, and no step, can be said."""
    config = right(RIGHT + "[pdf]\nover_limit = []\nreduce_grey = []\n", {}).config
    assert (config.pdf.over_limit, config.pdf.reduce_grey) == ((), ())
