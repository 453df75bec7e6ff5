"""The package as it is built: what is here and not in the wheel is missing on every box."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from gateway.operate.exits import Exit

ROOT = Path(__file__).parents[1]
PACKAGES = ("conf", "gateway", "hotfolder", "image")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The folder that the wheel is installed in."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        archive.extractall(tmp_path / "site")
    return tmp_path / "site"


def files(folder: Path) -> set[Path]:
    """The files of all packages in a folder."""
    found = (path for package in PACKAGES for path in (folder / package).rglob("*") if path.is_file())
    return {path.relative_to(folder) for path in found if "__pycache__" not in path.parts}


def test_every_file_is_in_the_wheel(site: Path):
    """Modules of every depth, and what they read beside themselves."""
    assert files(site) == files(ROOT)


def test_it_runs_where_it_is_installed(site: Path, tmp_path: Path):
    """The command and the processes that it starts use the installed package, wherever they are started."""
    (tmp_path / "scan").write_bytes(b"no scan")
    convert = ["convert", str(tmp_path / "scan"), "-o", str(tmp_path / "out.pdf")]
    run = ["run", "--config", str(tmp_path / "scan")]

    def ended(arguments: list[str]) -> int:
        command = [sys.executable, "-m", "gateway", *arguments]
        environment = {"PYTHONPATH": str(site)}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False).returncode

    assert ended(convert) == Exit.REJECTED
    assert ended(run) == Exit.CONFIG
    (site / "image" / "confined" / "child.py").write_text("raise RuntimeError('it is this one that runs')")
    (site / "conf" / "reading.py").write_text("raise RuntimeError('it is this one that runs')")
    assert ended(convert) == Exit.LOCAL
    assert ended(run) == Exit.START
