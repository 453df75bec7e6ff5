"""The command convert."""

import hashlib
import json
import shlex
import subprocess
import sys
from pathlib import Path

import pypdf
import pytest

from gateway.operate.exits import Exit
from tests.gateway.command import environment, scangate
from tests.peers import scans


def _sentence(done: subprocess.CompletedProcess[str], code: Exit) -> str:
    """The one line a failed command says; nothing else, and no traceback."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    lines = [line for line in done.stderr.splitlines() if "event=" not in line]
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_convert_makes_one_pdf(tmp_path: Path):
    """The files given become one PDF, in the order given, and its pages are counted."""
    sources = [tmp_path / "1.tif", tmp_path / "2.jpg"]
    sources[0].write_bytes(scans.tiff_g4(size_px=(600, 800)))
    sources[1].write_bytes(scans.jpeg(size_px=(600, 800)))
    output = tmp_path / "out.pdf"
    done = scangate("convert", *sources, "-o", output)
    assert done.returncode == Exit.OK, done.stderr
    assert done.stdout.startswith(f"{output}: 2 pages, {output.stat().st_size} bytes")
    assert output.read_bytes().startswith(b"%PDF-")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.tif", "2.jpg", "out.pdf"]


def test_convert_as_json(tmp_path: Path):
    """With --json convert prints the document as one JSON object."""
    (tmp_path / "1.tif").write_bytes(scans.tiff_g4(size_px=(600, 800)))
    done = scangate("convert", tmp_path / "1.tif", "-o", tmp_path / "out.pdf", "--json")
    told = json.loads(done.stdout)
    assert told["output"] == str(tmp_path / "out.pdf")
    data = (tmp_path / "out.pdf").read_bytes()
    assert (told["size_bytes"], told["outputs"][0]["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert len(told["pages"]) == 1


def test_convert_refuses_what_is_no_scan(tmp_path: Path):
    """What cannot become a PDF is told in one sentence, exit code 5, and an older output stays as it was."""
    (tmp_path / "note.txt").write_text("hello")
    output = tmp_path / "out.pdf"
    output.write_bytes(b"older")
    assert _sentence(scangate("convert", tmp_path / "note.txt", "-o", output), Exit.REJECTED)
    assert output.read_bytes() == b"older"
    told = scangate("convert", tmp_path / "note.txt", "-o", output, "--json")
    assert told.returncode == Exit.REJECTED
    assert json.loads(told.stdout)["output"] is None


@pytest.mark.parametrize("where", ["none/out.pdf", "1.tif/out.pdf"])
def test_convert_into_no_folder(tmp_path: Path, where: str):
    """An output whose folder does not exist is named."""
    (tmp_path / "1.tif").write_bytes(scans.tiff_g4(size_px=(600, 800)))
    sentence = _sentence(scangate("convert", tmp_path / "1.tif", "-o", tmp_path / where), Exit.LOCAL)
    assert where.partition("/")[0] in sentence


def _widths(pdf: Path) -> list[int]:
    """The pages' widths in points."""
    return [round(page.mediabox.width) for page in pypdf.PdfReader(pdf).pages]


def _numbered(folder: Path) -> list[Path]:
    """Three pages, each wider than the one before, listed as a shell lists them."""
    names = ["scan1.tif", "scan10.tif", "scan2.tif"]
    for name, width_px in zip(names, (600, 800, 700), strict=True):
        (folder / name).write_bytes(scans.tiff_g4(size_px=(width_px, 900)))
    return [folder / name for name in names]


def test_convert_puts_numbered_files_in_order(tmp_path: Path):
    """Files that a shell lists as 1, 10, 2 become pages 1, 2, 10; unless the order given is to be kept."""
    sources, output = _numbered(tmp_path), tmp_path / "out.pdf"
    assert scangate("convert", *sources, "-o", output).returncode == Exit.OK
    natural = _widths(output)
    assert natural == sorted(natural)
    assert scangate("convert", *sources, "-o", output, "--keep-order").returncode == Exit.OK
    assert _widths(output) == [natural[0], natural[2], natural[1]]


def test_convert_takes_every_setting(tmp_path: Path):
    """A setting of [pdf] is an option; its mistakes are told as those of the file are."""
    (tmp_path / "1.tif").write_bytes(scans.tiff_g4(pages=2, size_px=(600, 800)))
    done = scangate("convert", tmp_path / "1.tif", "-o", tmp_path / "out.pdf", "--pages", "1")
    assert _sentence(done, Exit.REJECTED)
    done = scangate("convert", tmp_path / "1.tif", "-o", tmp_path / "out.pdf", "--pages", "0", "--signed", "perhaps")
    assert done.returncode == Exit.USAGE
    assert "--pages must be 1 to 20000" in done.stderr
    assert '--signed must be "keep", "remove" or "refuse"' in " ".join(done.stderr.split())


def test_convert_shows_a_bar_on_a_terminal(tmp_path: Path):
    """On a terminal the pages done are shown while it works, and nothing of it is left behind the result."""
    (tmp_path / "1.tif").write_bytes(scans.tiff_g4(pages=2, size_px=(600, 800)))
    command = [sys.executable, "-m", "gateway", "convert", f"{tmp_path}/1.tif", "-o", f"{tmp_path}/out.pdf"]
    done = subprocess.run(
        ["script", "-qec", shlex.join(command), "/dev/null"],
        env=environment({"TERM": "xterm"}),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == Exit.OK, done.stdout
    assert "pages" in done.stdout
    assert f"{tmp_path}/out.pdf: 2 pages" in done.stdout.replace("\r\n", "")
