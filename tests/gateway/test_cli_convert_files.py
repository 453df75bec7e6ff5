"""What convert reads, writes, leaves alone and reports; and how it ends when it is stopped."""

import hashlib
import json
import os
import signal
import subprocess
from pathlib import Path

import pypdf
import pytest

from conf import options
from conf.declare import declared
from conf.pdf import Pdf
from gateway.operate.exits import Exit
from tests.gateway.command import argv, environment, scangate
from tests.image.processes import children, is_gone
from tests.path.fitting import jpeg, noise
from tests.peers import scans
from tests.peers.loopback import wait_until


def _three(folder: Path, stem: str = "in") -> list[Path]:
    """Three colour pages of 400 kB each."""
    paths = [folder / f"{stem}-{number}.jpg" for number in (1, 2, 3)]
    for number, path in enumerate(paths):
        path.write_bytes(jpeg(noise(number)))
    return paths


def _names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_help_tells_values_and_defaults():
    """The help of each setting says what its values look like, and which is the default."""
    done = scangate("convert", "--help", env={"COLUMNS": "300"})
    said = " ".join(done.stdout.split())
    assert "--colour jpeg|lossless" in said
    assert "--mail-limit SIZE Encoded size a mail may reach. [default: none]" in said
    assert "--memory SIZE" in said
    assert "--timeout TIME Longest a conversion may take. [default: 5m]" in said
    assert "--over-limit LIST What is done with a larger scan, in this order. [default: reduce,split]" in said
    for key in declared(Pdf):
        assert f"--{key.replace('_', '-')}" in said
    assert [options.default(key) for key in ("mail_limit", "jpeg_quality", "colour")] == ["25 MB", "80", "jpeg"]


def test_the_report_is_whole(tmp_path: Path):
    """--json tells sources and outputs with their sizes, each page's size and what was done to it, and the notes."""
    sources = _three(tmp_path)
    done = scangate("convert", *sources, "-o", tmp_path / "out.pdf", "--json", "--mail-limit", "500 kB")
    assert done.returncode == Exit.OK, done.stderr
    told = json.loads(done.stdout)
    assert told["sources"] == [{"path": str(path), "size_bytes": path.stat().st_size} for path in sources]
    data = (tmp_path / "out.pdf").read_bytes()
    size_bytes, digest = len(data), hashlib.sha256(data).hexdigest()
    assert told["output"] == str(tmp_path / "out.pdf")
    assert told["outputs"] == [
        {
            "path": str(tmp_path / "out.pdf"),
            "first_page": 1,
            "page_count": 3,
            "size_bytes": size_bytes,
            "sha256": digest,
        }
    ]
    assert told["size_bytes"] == size_bytes
    assert [page["action"] for page in told["pages"]] == ["reduced"] * 3
    assert all({"width_pt", "height_pt", "flaw"} < set(page) for page in told["pages"])
    assert told["notes"] == [
        "Pages 1 to 3 were reduced to 150 dpi, JPEG quality 60, so that the mail stays below its limit."
    ]


def test_the_report_of_a_split(tmp_path: Path):
    """Each part is reported with its pages and its size, and what an earlier run left is named."""
    sources, output = _three(tmp_path), tmp_path / "out.pdf"
    for left in ("out.pdf", "out-4.pdf", "out-5.pdf", "out-7.pdf"):
        (tmp_path / left).write_bytes(b"older")
    command = ("convert", *sources, "-o", output, "--mail-limit", "800 kB", "--over-limit", "split")
    told = json.loads(scangate(*command, "--json").stdout)
    assert (told["output"], told["older"]) == (None, [str(tmp_path / f"out{one}.pdf") for one in ("", "-4", "-5")])
    for number, one in enumerate(told["outputs"], 1):
        path = tmp_path / f"out-{number}.pdf"
        assert one == {
            "path": str(path),
            "first_page": number,
            "page_count": 1,
            "size_bytes": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        assert len(pypdf.PdfReader(path).pages) == 1
    lines = scangate(*command).stdout.splitlines()
    assert lines[2].startswith(f"{tmp_path}/out-3.pdf: page 3 of 3, ")
    assert f"note: {tmp_path}/out-4.pdf was there before, and is no part of this." in lines
    assert (tmp_path / "out-4.pdf").read_bytes() == b"older"


def test_a_source_as_output(tmp_path: Path):
    """A source may be the output: it is replaced when the PDF is whole, and stays as it was when there is none."""
    path = tmp_path / "scan.pdf"
    path.write_bytes(scans.pdf(pages=2))
    assert scangate("convert", path, path, "-o", path).returncode == Exit.OK
    assert len(pypdf.PdfReader(path).pages) == 4
    path.write_bytes(b"%PDF-1.4 damaged")
    assert scangate("convert", path, "-o", path).returncode == Exit.REJECTED
    assert path.read_bytes() == b"%PDF-1.4 damaged"
    assert _names(tmp_path) == ["scan.pdf"]


def test_no_part_replaces_a_source(tmp_path: Path):
    """Parts are not written over a source that happens to have the name of one."""
    sources = [path.rename(path.with_suffix(".pdf")) for path in _three(tmp_path, "scan")]
    before = [path.read_bytes() for path in sources]
    command = ("convert", *sources, "-o", tmp_path / "scan.pdf", "--mail-limit", "800 kB", "--over-limit", "split")
    done = scangate(*command)
    assert done.returncode == Exit.LOCAL
    assert f"would replace {sources[0]}; name another -o" in done.stderr
    assert [path.read_bytes() for path in sources] == before
    assert _names(tmp_path) == ["scan-1.pdf", "scan-2.pdf", "scan-3.pdf"]
    done = scangate(*command, "--json")
    assert json.loads(done.stdout)["fault"] == "local"


def test_only_files_are_read_and_replaced(tmp_path: Path):
    """A pipe or a device is neither waited for nor replaced by a PDF."""
    scan, pipe = tmp_path / "1.tif", tmp_path / "pipe"
    scan.write_bytes(scans.tiff_g4(size_px=(200, 280)))
    os.mkfifo(pipe)
    for done in (scangate("convert", pipe, "-o", tmp_path / "out.pdf"), scangate("convert", scan, "-o", pipe)):
        assert done.returncode == Exit.USAGE
        assert f"{pipe} is no file" in done.stderr
    assert pipe.is_fifo()


@pytest.mark.parametrize("name", ["[x].pdf", "-o", "ä b.pdf", f"{'x' * 251}.pdf"])
def test_any_name_will_do(tmp_path: Path, name: str):
    """The output's name may have any characters and any length, and nothing else is left beside it."""
    scan = tmp_path / "1.tif"
    scan.write_bytes(scans.tiff_g4(size_px=(200, 280)))
    done = scangate("convert", scan, "-o", tmp_path / name)
    assert done.returncode == Exit.OK, done.stderr
    assert _names(tmp_path) == sorted(["1.tif", name])


def test_a_folder_that_takes_nothing(tmp_path: Path):
    """A fault of this machine has a code of its own, and the sentence names the output."""
    (tmp_path / "1.tif").write_bytes(scans.tiff_g4(size_px=(200, 280)))
    done = scangate("convert", tmp_path / "1.tif", "-o", "/proc/out.pdf", "--json")
    assert done.returncode == Exit.LOCAL
    assert json.loads(done.stdout)["fault"] == "local"
    assert "/proc/out.pdf could not be made: No such file or directory" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk")
def test_a_full_disk_is_no_fault_of_the_scan(tmp_path: Path):
    """A full disk is told as one, with the code for this machine, and leaves nothing on it."""
    disk, listing = tmp_path / "disk", tmp_path / "listing"
    disk.mkdir()
    (tmp_path / "1.jpg").write_bytes(jpeg(noise()))
    command = " ".join(argv("convert", tmp_path / "1.jpg", "-o", disk / "out.pdf"))
    script = f"mount -t tmpfs -o size=200k none {disk}; {command}; code=$?; ls -A {disk} > {listing}; exit $code"
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == Exit.LOCAL, done.stderr
    assert "out.pdf could not be made: No space left on device" in done.stderr
    assert listing.read_text() == ""


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, Exit.NOT_ALL),
        (signal.SIGTERM, Exit.NOT_ALL),
        (signal.SIGHUP, Exit.NOT_ALL),
        (signal.SIGKILL, -signal.SIGKILL),
    ],
)
def test_stopped_while_it_converts(tmp_path: Path, number: signal.Signals, code: int):
    """Stopped, it leaves no process and, but for kill -9, no file behind; an older output stays."""
    source, output = tmp_path / "in.tif", tmp_path / "out.pdf"
    source.write_bytes(scans.tiff([scans.page(mode="RGB", size_px=(1600, 2200))] * 40, "tiff_lzw"))
    output.write_bytes(b"older")
    running = subprocess.Popen(argv("convert", source, "-o", output), env=environment(), stderr=subprocess.PIPE)
    try:
        wait_until(lambda: any(children(server) for server in children(running.pid)), 30, "the conversion")
        (server,) = children(running.pid)
        started = {server, *children(server)}
        running.send_signal(number)
        _, said = running.communicate(timeout=30)
    finally:
        running.kill()
    assert running.returncode == code
    assert b"Traceback" not in said
    wait_until(lambda: all(map(is_gone, started)), 10, "the end of what it started")
    assert output.read_bytes() == b"older"
    if number != signal.SIGKILL:
        assert _names(tmp_path) == ["in.tif", "out.pdf"]


def test_two_at_once(tmp_path: Path):
    """Two that write the same output do not disturb each other: it is a whole PDF at any time after the first."""
    source, output = tmp_path / "in.tif", tmp_path / "out.pdf"
    source.write_bytes(scans.tiff_g4(pages=3, size_px=(600, 800)))
    both = [subprocess.Popen(argv("convert", source, "-o", output), env=environment()) for _ in range(2)]
    assert [one.wait(60) for one in both] == [0, 0]
    assert len(pypdf.PdfReader(output).pages) == 3
    assert _names(tmp_path) == ["in.tif", "out.pdf"]
