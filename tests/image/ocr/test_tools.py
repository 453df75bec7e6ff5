import importlib.metadata
from pathlib import Path

import pytest

from image.ocr.reading import Reading
from image.ocr.tools import missing

TEXT = Reading(is_text=True)


def test_nothing_is_missing_here():
    """With OCRmyPDF, Tesseract and the data there is nothing to say."""
    assert missing(Reading(is_text=True, rotates=True, deskews=True)) == ""


def test_the_package_is_missing(monkeypatch: pytest.MonkeyPatch):
    """Without OCRmyPDF, or with one too old, the sentence says how to install it."""

    def version(_: str) -> str:
        raise importlib.metadata.PackageNotFoundError

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert missing(TEXT) == "OCRmyPDF is not installed: pip install scangate[ocr]"
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "16.13.0")
    assert missing(TEXT) == "OCRmyPDF 16.13.0 is too old: pip install --upgrade scangate[ocr]"


def test_tesseract_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Without Tesseract the sentence says how to install it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert missing(TEXT) == "Tesseract is not installed: apt install tesseract-ocr"


@pytest.mark.parametrize(
    ("reading", "sentence"),
    [
        (
            Reading(is_text=True, languages=("deu",)),
            "no data for deu, eng: apt install tesseract-ocr-deu tesseract-ocr-eng",
        ),
        (Reading(rotates=True, languages=("fra",)), "no data for osd: apt install tesseract-ocr-osd"),
    ],
)
def test_data_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reading: Reading, sentence: str):
    """Each language without data is named with its package; turning needs the data for orientation."""
    program = tmp_path / "tesseract"
    program.write_text("#!/bin/sh\necho 'List of languages (1):'\necho fra\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    languages = (*reading.languages, *(("eng",) if reading.is_text else ()))
    reading = Reading(reading.is_text, reading.rotates, reading.deskews, languages)
    assert missing(reading) == f"Tesseract has {sentence}"
