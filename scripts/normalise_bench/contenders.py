"""Who converts what: the contenders, the inputs each of them takes, and their command lines."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Way(StrEnum):
    """How a contender is run.

    ``COMMAND``: a process for each run. ``COPY``: a forked child that reads and writes. ``COLD``: the service's worker,
    first scan of a process. ``WARM``: a later scan. ``PROVING``: the same, and what is passed is decoded.
    ``CHILD``: to_pdf in a forked child with all modules loaded.
    """

    COMMAND = "command"
    COPY = "copy"
    COLD = "cold"
    WARM = "warm"
    PROVING = "proving"
    CHILD = "child"


@dataclass(frozen=True, slots=True)
class Contender:
    """``inputs`` are letters; those of ``slow`` are run with ``--all`` only, and once."""

    name: str
    way: Way
    inputs: frozenset[str]
    command: tuple[str, ...] = ()
    slow: frozenset[str] = field(default=frozenset())


COPY, COLD, WARM, CHILD = "byte copy", "scangate, cold worker", "scangate, warm worker", "scangate, to_pdf alone"
PROVING = "scangate, check auto"
IMG2PDF = ("img2pdf, internal", "img2pdf, pikepdf")
STREAMED_JPEG = "Pillow, JPEGs, no PDF"

_ALL = frozenset({"a", "a2", "d", "b", "b200", "c", "e", "f"})
_IMAGES = _ALL - {"f"}
_TIFFS = frozenset({"a", "a2", "d"})
_HEAVY = frozenset({"c", "e"})


def _peer(name: str) -> tuple[str, ...]:
    return ("{python}", str(HERE / "peers.py"), name, "{out}", "{sources}")


CONTENDERS = (
    Contender(COPY, Way.COPY, _ALL),
    Contender(WARM, Way.WARM, _ALL),
    Contender(PROVING, Way.PROVING, _ALL),
    Contender(COLD, Way.COLD, _ALL),
    Contender(CHILD, Way.CHILD, _ALL),
    Contender(IMG2PDF[0], Way.COMMAND, _IMAGES, _peer("img2pdf_internal"), slow=_HEAVY),
    Contender(IMG2PDF[1], Way.COMMAND, _IMAGES, _peer("img2pdf_pikepdf"), slow=_HEAVY),
    Contender("Pillow, PDF", Way.COMMAND, _IMAGES, _peer("pillow_pdf"), slow=frozenset({"b200"})),
    Contender(STREAMED_JPEG, Way.COMMAND, _HEAVY, _peer("pillow_jpeg")),
    Contender("tiff2pdf", Way.COMMAND, _TIFFS, ("tiff2pdf", "-o", "{out}", "{sources}")),
    Contender("tiff2pdf -j", Way.COMMAND, _HEAVY, ("tiff2pdf", "-j", "-q", "80", "-o", "{out}", "{sources}")),
    Contender("pikepdf, passing", Way.COMMAND, frozenset({"a", "d", "b", "b200"}), _peer("pikepdf_pass")),
    Contender("pikepdf, in place", Way.COMMAND, frozenset("f"), _peer("pikepdf_clean")),
    Contender("pypdf, copying", Way.COMMAND, frozenset("f"), _peer("pypdf_clean")),
    Contender(
        "qpdf, nothing removed",
        Way.COMMAND,
        frozenset("f"),
        ("qpdf", "--stream-data=preserve", "--object-streams=disable", "{sources}", "{out}"),
    ),
    Contender("ocrmypdf, no OCR", Way.COMMAND, _ALL - {"b200"}, _peer("ocrmypdf_without_ocr"), slow=_ALL),
)


def command_of(contender: Contender, python: Path, sources: tuple[Path, ...], out: Path) -> list[str]:
    """The contender's command line for these files."""
    words: list[str] = []
    for word in contender.command:
        if word == "{sources}":
            words += [str(path) for path in sources]
        else:
            words.append(word.format(python=python, out=out))
    return words
