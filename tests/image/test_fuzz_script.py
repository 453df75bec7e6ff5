"""The long fuzzer: it repeats itself, and notices what it is there to notice."""

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from image.errors import ScanError, ScanFault

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "fuzz_scans.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("fuzz_scans", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_seed_repeats_itself(script: ModuleType):
    """A seed and a number always give the same damage, so that a find can be made again."""
    files = script.seeds("png")
    assert [script.case(files, 7, number) for number in range(20)] == [
        script.case(files, 7, number) for number in range(20)
    ]
    assert script.case(files, 7, 1) != script.case(files, 8, 1)


def fails(error: Exception) -> Callable[..., None]:
    """A converter that raises ``error``."""

    def convert(*_: object) -> None:
        raise error

    return convert


def aborts(*_: object) -> None:
    """A converter whose library crashes."""
    os.abort()


def hangs(*_: object) -> None:
    """A converter that does not end."""
    while True:
        pass


def leaves_a_part(_: object, out: Path, *__: object) -> None:
    """A converter that does not clean up."""
    out.with_name("out.pdf.part0").write_bytes(b"x")
    raise ScanError(ScanFault.DAMAGED, "Please scan again.")


@pytest.mark.parametrize(
    ("convert", "kind"),
    [
        (fails(ValueError("a")), "came out: ValueError"),
        (fails(ScanError(ScanFault.DAMAGED, "It cannot be read (KeyError).")), "caught by the net: ScanError"),
        (fails(ScanError(ScanFault.CRASHED, "It did not pass.")), "did not pass its check: ScanError"),
        (fails(ScanError(ScanFault.DAMAGED, "Please scan again.")), ""),
        (aborts, "ended with -6"),
        (hangs, "hang"),
        (leaves_a_part, "left files behind"),
    ],
)
def test_what_it_notices(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, convert: Callable[..., None], kind: str
):
    """Errors of other kinds, crashes, loops without end and litter are finds; a plain refusal is none."""
    monkeypatch.setattr(script, "to_pdf", convert)
    monkeypatch.setattr(script, "CPU_S", 1)
    _, found, _ = script.tried(tmp_path, b"scan", 1)
    assert re.sub(r" at \S+$", "", found) == kind


def test_it_runs(tmp_path: Path):
    """A short run over one format ends by itself, finds nothing, and says what it did."""
    command = [sys.executable, str(SCRIPT), "1", "bmp", "3"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.startswith("seed 3, ")
    assert "0 finds" in result.stdout
