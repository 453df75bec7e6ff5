import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from conf import apart
from conf.load import load
from tests.conf.given import DIRECT_SEND, MAILDIR, RIGHT, SECRET, SENDER, SHARE

ROOT = Path(__file__).resolve().parents[2]
TEXTS = {
    "right": RIGHT,
    "with a warning": SENDER + DIRECT_SEND + SHARE,
    "with mistakes": SENDER + MAILDIR + SHARE + "[pdf]\npages = 0\n[zzz]\n",
    "no TOML": "a = ",
}


@pytest.fixture
def path(folder: Path) -> Path:
    """A right configuration with a secret in it."""
    (folder / "gateway.toml").write_text(RIGHT)
    (folder / "gateway.toml").chmod(0o600)
    return folder / "gateway.toml"


def _python(code: str) -> tuple[str, ...]:
    """A process in place of the one that reads."""
    return (sys.executable, "-c", code)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_what_is_read_apart_is_what_is_read_here(path: Path, monkeypatch: pytest.MonkeyPatch, text: str):
    """The other process finds the same values, secrets, warnings and mistakes, from file and environment."""
    path.write_text(text)
    monkeypatch.setenv("SCANGATE_GATEWAY__FREE_SPACE", "300 MB")
    assert apart.ended(apart.begin(path)) == load(path, os.environ)


def test_a_relative_path_is_one_of_here(path: Path):
    """The other process works in the same folder, and tells the path as it was given."""
    path.write_text("x = 1\n")
    assert "\ngateway.toml:1: x: " in str(apart.ended(apart.begin(Path("gateway.toml"))))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise SystemExit(7)", "ended with exit code 7; its own message stands above"),
        ("raise RuntimeError", "ended with exit code 1; its own message stands above"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended with SIGKILL; its own message stands above"),
        ("", "gave an answer that cannot be understood"),
        ("print('x' * 1_000_000)", "gave an answer that cannot be understood"),
        ("import os; os.write(1, b'\\x80\\x04')", "gave an answer that cannot be understood"),
        ("import os; os.write(1, b'\\x80\\x05cno.such\\nthing\\n.')", "gave an answer that cannot be understood"),
        ("import os, pickle; os.write(1, pickle.dumps({'gateway': 3}))", "gave an answer that is no configuration"),
    ],
)
def test_a_process_that_gives_no_answer_is_told(path: Path, code: str, said: str):
    """A crash, silence, rubbish and another answer are one sentence each, and never a configuration."""
    with pytest.raises(apart.ReadingError) as error:
        apart.ended(apart.begin(path, _python(code)))
    assert str(error.value) == f"{path}: could not be read: the process that checks it {said}"


def test_a_process_that_hangs_is_ended_and_told(path: Path):
    """One that never answers is killed, and what may be the cause is told."""
    reading = apart.begin(path, _python("import time; print(1, flush=True); time.sleep(600)"))
    with pytest.raises(apart.ReadingError, match="took more than 0 s: does a file it names lie on a mount that hangs"):
        apart.ended(reading, limit_s=0.2)
    assert reading.process.returncode == -signal.SIGKILL


def test_what_is_printed_on_the_way_is_no_part_of_the_answer(path: Path):
    """A library that prints where it should not spoils nothing."""
    code = (
        "import conf.load\nload = conf.load.load\n"
        "conf.load.load = lambda *given: (print('noise', flush=True), load(*given))[1]\n"
        "from conf.reading import main\nmain()\n"
    )
    assert apart.ended(apart.begin(path, _python(code))) == load(path, os.environ)


def test_a_secret_stands_in_no_argument_and_no_variable(path: Path):
    """The other process is told the path alone; its environment is ours, with where the package lies."""
    shown = (
        "import json, os, sys; print(json.dumps([sys.argv, dict(os.environ)]), file=sys.stderr); raise SystemExit(1)"
    )
    code = (
        "from pathlib import Path\nfrom conf import apart\nimport sys\n"
        f"try: apart.ended(apart.begin(Path({str(path)!r}), (sys.executable, '-c', {shown!r})))\n"
        "except apart.ReadingError: pass\n"
    )
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "SCANGATE_LOG__FORMAT": "json"}
    run = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, check=True, timeout=60)
    arguments, variables = json.loads(run.stderr)
    assert arguments == ["-c", str(path)]
    assert variables.pop("PYTHONPATH").split(os.pathsep) == [str(ROOT), str(ROOT)]
    assert {name: text for name, text in variables.items() if name != "LC_CTYPE"} == {
        name: text for name, text in environ.items() if name != "PYTHONPATH"
    }
    assert SECRET not in run.stderr.decode()


def test_the_process_that_asks_holds_nothing_that_checks(path: Path):
    """Neither asking, nor the answer, brings pydantic or the TOML parser into a process."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom conf import apart\n"
        f"found = apart.ended(apart.begin(Path({str(path)!r})))\n"
        "print(found.config.upstream[0].client_secret.get_secret_value())\n"
        "print(*[name for name in sys.modules if name.partition('.')[0] in {'pydantic', 'pydantic_core', 'tomli'}])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        check=True, timeout=60,
    )  # fmt: skip
    assert run.stdout == f"{SECRET}\n\n"
