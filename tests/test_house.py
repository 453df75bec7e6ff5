"""The house rules that a machine can hold."""

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("gateway", "hotfolder", "conf", "image")
MODULE_LINES = 300
FUNCTION_LINES = 50
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}

SOURCES = sorted(path for package in (*PACKAGES, "tests", "scripts") for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_module_is_short_and_opens_with_a_sentence(path: Path):
    """A module holds one idea in at most 300 lines and opens by saying what it knows."""
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MODULE_LINES
    if path not in TESTS and path.name != "conftest.py":
        assert ast.get_docstring(ast.parse(text)), "no sentence at the head"


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_functions_are_short(path: Path):
    """A function fits on a screen: at most 50 lines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    long = [f.name for f in functions if (f.end_lineno or f.lineno) - f.lineno + 1 > FUNCTION_LINES]
    assert long == []


def test_no_module_is_a_drawer():
    """No module or directory is named for nothing in particular."""
    named = {part for path in SOURCES for part in (*path.relative_to(ROOT).parts[:-1], path.stem)}
    assert named & BANNED_NAMES == set()


@pytest.mark.parametrize("path", TESTS, ids=_name)
def test_every_test_states_its_promise(path: Path):
    """Each test says in its docstring which promise it holds."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tests = [
        node
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_")
    ]
    assert [test.name for test in tests if not ast.get_docstring(test)] == []


def test_files_name_no_machine():
    """No tracked file holds a path of one machine or the host of a package registry."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.split(b"\0")
    needles = [b"/ro" + b"ot/", b"/wo" + b"rk/", b"/ho" + b"me/", b"files.pythonhos" + b"ted", b"pypi" + b".org"]
    found = []
    for name in filter(None, tracked):
        path = ROOT / name.decode()
        if path.is_file():
            data = path.read_bytes()
            found += [(name, needle) for needle in needles if needle in data]
    assert found == []


def test_version_is_one():
    """The package and the product name the same version."""
    from gateway import __version__

    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
