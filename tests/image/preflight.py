"""Apache PDFBox Preflight, which shares no code with us: it judges PDF/A-1b, so our files go to it as part-1 twins."""

import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

JARS = Path("/usr/share/java")
NAMES = ("preflight", "pdfbox2", "xmpbox", "fontbox2", "commons-logging", "jaxb-api", "javax.activation")
"""Debian's libpdfbox2-java and what it needs, with libjaxb-api-java and libactivation-java, once part of Java."""

PART_TWO_ALLOWS = ("Invalid version of the ICCProfile", "JPEG2000", "JPXDecode")
"""What part 1 has against profiles of ICC 4 and JPEG 2000, and part 2 has not (ISO 19005-2 6.2.4.2, 6.2.8.3)."""

PART_TWO, PART_ONE = b"<pdfaid:part>2</pdfaid:part>", b"<pdfaid:part>1</pdfaid:part>"

_VERDICT = re.compile(
    r"^The file ?(\d+\.pdf) (is a valid PDF/A-1b file|is not a valid PDF/A-1b file, error\(s\) :)$", re.MULTILINE
)
_FAULT = re.compile(r"^(\d+(?:\.\d+)*) : (.*)$", re.MULTILINE)


def part_one_twin(data: bytes) -> bytes:
    """The PDF/A-2b file ``data`` as one that claims part 1: header 1.4 and the claim, every other byte the same."""
    assert re.match(rb"%PDF-1\.[4-7]", data)
    assert data.count(PART_TWO) == 1
    return b"%PDF-1.4" + data[8:].replace(PART_TWO, PART_ONE)


def verdicts(files: Mapping[str, bytes]) -> dict[str, list[str]]:
    """What Preflight says against each file, as "code: what"; an empty list: it is valid PDF/A-1b.

    Faults that are none under part 2 are left out.

    All files go through one start of Java. Names are for the caller; they may hold anything.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = {folder / f"{number}.pdf": data for number, data in enumerate(files.values())}
        for path, data in paths.items():
            path.write_bytes(data)
        (folder / "list").write_text("".join(f"{path}\n" for path in paths), encoding="ascii")
        path_of_classes = ":".join(str(JARS / f"{jar}.jar") for jar in NAMES)
        command = ["java", "-XX:TieredStopAtLevel=1", "-Xmx256m", "-Djava.awt.headless=true", "-cp", path_of_classes]
        # As text: of what it could not read it quotes control characters too, which no XML may hold.
        command += ["org.apache.pdfbox.preflight.Validator_A1b", "group", str(folder / "list")]
        result = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, cwd=folder)
        found = _VERDICT.split(result.stdout)[1:]
        told = dict(zip(found[::3], zip(found[1::3], found[2::3], strict=True), strict=True))
        assert len(told) == len(files), result.stderr
        return {key: _faults(*told[f"{number}.pdf"]) for number, key in enumerate(files)}


def _faults(verdict: str, told: str) -> list[str]:
    """What is against a file; left out is what part 2 allows."""
    faults = [f"{code}: {details.strip()}" for code, details in _FAULT.findall(told)]
    assert (verdict == "is a valid PDF/A-1b file") == (not faults), told
    return [fault for fault in faults if not any(word in fault for word in PART_TWO_ALLOWS)]
