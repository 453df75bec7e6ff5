"""The command line: one sentence for each mistake, and exit codes that scripts can rely on."""

import re
import socket
import subprocess
from pathlib import Path

import pytest

from gateway import __version__
from gateway.operate.exits import Exit
from tests.gateway.command import ROOT, Place, place, scangate
from tests.peers import scans
from tests.peers.certificates import Certificates
from tests.peers.loopback import ADDRESS


@pytest.fixture
def here(tmp_path: Path) -> Place:
    """A right configuration in an empty folder."""
    return place(tmp_path)


def _sentence(done: subprocess.CompletedProcess[str], code: Exit) -> str:
    """The one line a failed command says; nothing else, and no traceback."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    lines = [line for line in done.stderr.splitlines() if "event=" not in line]
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_version():
    """--version says name and version."""
    done = scangate("--version")
    assert (done.returncode, done.stdout) == (0, f"scangate, version {__version__}\n")


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["run", "-h"], ["convert", "--help"]])
def test_help_fits_the_terminal(arguments: list[str]):
    """Help is there for each command and fits 80 columns."""
    done = scangate(*arguments)
    assert done.returncode == 0
    assert "Usage:" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize("arguments", [[], ["fly"], ["show"], ["convert"], ["run", "--twice"], ["status", "extra"]])
def test_wrong_arguments(arguments: list[str]):
    """Wrong arguments are told with the usage, exit code 2, and no traceback."""
    done = scangate(*arguments)
    assert done.returncode == Exit.USAGE
    assert "Usage:" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["run", "check", "status", "queue"])
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[gateway]", "this is no TOML", r"gateway\.toml:1: is not TOML at column \d+: "),
        ('"scanner@contoso.com"', '"scanner@contoso.com', r"gateway\.toml:7: is not TOML at column \d+: "),
        ('["it@contoso.com"]', '"it@contoso.com"', r"gateway\.toml:4: gateway\.admin: must be a list in \[ \]$"),
        ('quiet = "200ms"', "quiet = 5", r"gateway\.toml:17: share\[0\]\.quiet: must be a duration with its unit"),
        (
            'method = "maildir"\npath = "{folder}/mail"',
            'method = "client-auth"\nusername = "a@contoso.com"\nauth = "password"\npassword_file = "{folder}/none"',
            r"gateway\.toml:13: upstream\[0\]\.password_file: names a file that does not exist",
        ),
    ],
    ids=["no TOML", "half a TOML", "wrong type", "no unit", "no secret file"],
)
def test_a_mistake_in_the_file_is_one_sentence(here: Place, command: str, old: str, new: str, said: str):
    """Each mistake of the configuration is one line with file, line, key and what is allowed, for every command."""
    here.write(old.format(folder=here.folder), new.format(folder=here.folder))
    sentence = _sentence(scangate(command, "--config", here.config), Exit.CONFIG)
    assert re.search(said, sentence), sentence


def test_a_missing_file_is_named(tmp_path: Path):
    """A configuration that does not exist is named."""
    path = tmp_path / "none.toml"
    assert str(path) in _sentence(scangate("check", "--config", path), Exit.CONFIG)


def test_check_says_that_nothing_is_wrong(here: Place):
    """A right configuration is told to be right, and check changes nothing on the disk."""
    done = scangate("check", "--config", here.config)
    assert (done.returncode, done.stdout) == (0, f"{here.config}: no mistakes\n")
    assert sorted(path.name for path in here.folder.iterdir()) == ["gateway.toml", "scans"]


@pytest.mark.parametrize("kind", ["expired", "of another key"])
def test_a_certificate_for_devices_is_checked(here: Place, tmp_path: Path, kind: str):
    """A pair that does not fit is a mistake, and the service does not start; one that has ended is a warning."""
    certificates = Certificates(tmp_path)
    shown, other = certificates.expired(), certificates.server()
    key = shown.key if kind == "expired" else other.key
    keys = f'tls = "starttls"\ncertificate_file = "{shown.chain}"\nkey_file = "{key}"\n'
    here.config.write_text(here.text().replace("[[smtp]]\n", "[[smtp]]\n" + keys))
    checked = scangate("check", "--config", here.config)
    started = scangate("run", "--once", "--config", here.config)
    assert f"{shown.chain} ended on 2021-01-01" in checked.stderr
    if kind == "expired":
        assert (checked.returncode, started.returncode) == (Exit.OK, Exit.OK), checked.stderr + started.stderr
    else:
        assert (checked.returncode, started.returncode) == (Exit.CONFIG, Exit.START)
        assert "do not go together" in checked.stderr
        assert "do not go together" in started.stderr


@pytest.mark.parametrize(
    ("wish", "path", "said"),
    [
        ("rotate = true\ndeskew = true", "/nowhere", "[pdf] rotate, deskew: Tesseract is not installed: apt install"),
        ('ocr = true\nlanguages = ["eng", "xx"]', "", "[pdf] ocr: Tesseract has no data for xx: apt install"),
        ("ocr = false", "/nowhere", ""),
        ("ocr = true", "", ""),
    ],
)
def test_missing_tools_are_told_before_a_scan_needs_them(here: Place, wish: str, path: str, said: str):
    """What [pdf] asks for and this box lacks is a warning of check, and of the service when it starts; no mistake."""
    here.config.write_text(f"{here.text()}[pdf]\n{wish}\n")
    env = {"PATH": path} if path else None
    checked = scangate("check", "--config", here.config, env=env)
    assert (checked.returncode, checked.stdout) == (0, f"{here.config}: no mistakes\n")
    started = scangate("run", "--once", "--config", here.config, env=env)
    assert started.returncode == 0, started.stderr
    if said:
        assert f"warning: {said}" in checked.stderr
        assert "event=config-warning" in started.stderr
        assert said in started.stderr
    else:
        assert checked.stderr == ""
        assert "config-warning" not in started.stderr


def test_every_mistake_at_once(here: Place):
    """Several mistakes are several lines, in the order of the file."""
    here.config.write_text(here.text().replace('"it@contoso.com"', '"it"').replace('quiet = "200ms"', "quick = 1"))
    done = scangate("check", "--config", here.config)
    assert done.returncode == Exit.CONFIG
    first, second = done.stderr.splitlines()
    assert first.startswith(f"{here.config}:4: gateway.admin[0]: must be one e-mail address")
    assert 'did you mean "quiet"' in second


@pytest.mark.parametrize(("command", "code"), [("check", Exit.CONFIG), ("run", Exit.START)])
@pytest.mark.parametrize("fault", ["share missing", "share a file", "state a file", "state below a file"])
def test_a_folder_that_cannot_be_worked_in(here: Place, command: str, code: Exit, fault: str):
    """A share or state directory that is missing or no directory is named with its key and what helps."""
    if fault == "state below a file":
        here.write(f'"{here.state}"', f'"{here.folder}/file/state"')
        (here.folder / "file").write_text("")
    elif fault == "state a file":
        here.state.write_text("")
    else:
        here.scans.rmdir()
        if fault == "share a file":
            here.scans.write_text("")
    sentence = _sentence(scangate(command, "--config", here.config), code)
    key = "gateway.state: " if fault.startswith("state") else "share.scans.path: "
    assert key in sentence
    assert re.search(r"; ?(make|name) ", sentence)


def test_a_port_in_use(here: Place):
    """A listener whose port is taken is named with its key, and the service does not start."""
    with socket.socket() as taken:
        taken.bind((ADDRESS, here.port))
        taken.listen()
        sentence = _sentence(scangate("run", "--config", here.config), Exit.START)
    assert f"smtp.smtp.listen: 127.0.0.1:{here.port} cannot be opened" in sentence
    assert "another program" in sentence


def test_certificate_files_that_do_not_fit(here: Place):
    """An authority file that is none stops the start with its key."""
    (here.folder / "ca.pem").write_text("no certificate")
    new = f'method = "relay"\nhost = "localhost"\nca_file = "{here.folder}/ca.pem"'
    here.write(f'method = "maildir"\npath = "{here.folder}/mail"', new)
    sentence = _sentence(scangate("run", "--once", "--config", here.config), Exit.START)
    assert f"ca_file: {here.folder}/ca.pem" in sentence


@pytest.mark.parametrize("command", [["status"], ["queue"], ["show", "20261123T090257Z-k7q2"]])
def test_nothing_to_look_at_yet(here: Place, command: list[str]):
    """Before the first run there is nothing to look at, and that is said; no file is made."""
    sentence = _sentence(scangate(*command, "--config", here.config), Exit.LOCAL)
    assert "the service has not run with this configuration yet" in sentence
    assert not here.state.exists()


def test_a_damaged_journal_is_one_sentence(here: Place):
    """A journal that is no database is told in one sentence by the commands that read it."""
    here.state.mkdir()
    (here.state / "journal.db").write_bytes(b"this is no database" * 100)
    assert "journal.db" in _sentence(scangate("queue", "--config", here.config), Exit.LOCAL)


def test_once_delivers_what_is_there(here: Place):
    """With --once run takes what lies in the share, delivers it, prints a line for each, and ends with 0."""
    (here.scans / "one.tif").write_bytes(scans.tiff_g4(size_px=(600, 800)))
    done = scangate("run", "--once", "--config", here.config)
    assert done.returncode == Exit.OK, done.stderr
    assert re.fullmatch(r"\S+ sent: one\.tif to office@contoso\.com\n", done.stdout)
    assert len(here.mails) == 1
    assert "Traceback" not in done.stderr


def test_once_tells_what_was_not_delivered(here: Place):
    """A scan that cannot be delivered is printed with its reason, and the exit code is 1."""
    broken = scans.jpeg(size_px=(600, 800))
    (here.scans / "bad.jpg").write_bytes(broken[:200] + b"\0" * 500 + b"\xff\xd9")
    done = scangate("run", "--once", "--config", here.config)
    assert done.returncode == Exit.NOT_ALL
    assert "bad.jpg" in done.stdout
    assert "Traceback" not in done.stderr


def test_once_ends_when_nothing_can_be_delivered(here: Place):
    """With a mailbox that cannot be written run --once ends too, keeps the scan, and says why."""
    (here.folder / "mail").write_text("a file in the way")
    (here.scans / "one.tif").write_bytes(scans.tiff_g4(size_px=(600, 800)))
    here.config.write_text(f'{here.text()}\n[delivery]\nfirst_retry = "10m"\nlongest_retry = "10m"\n')
    done = scangate("run", "--once", "--config", here.config)
    assert done.returncode == Exit.NOT_ALL
    assert re.search(r"deferred: one\.tif to office@contoso\.com \(.*/mail cannot be written", done.stdout)
    assert len(list((here.state / "spool" / "jobs").iterdir())) == 1


def test_a_fault_of_ours_has_its_own_code(here: Place, tmp_path: Path):
    """An error nobody foresaw shows its traceback and ends with 70, which no other ending has."""
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text(
        "import conf.load\ndef load(*_):\n    raise RuntimeError('unforeseen')\nconf.load.load = load\n"
    )
    done = scangate("check", "--config", here.config, env={"PYTHONPATH": f"{broken}:{ROOT}"})
    assert done.returncode == Exit.BUG
    assert "unforeseen" in done.stderr
    assert "Traceback" in done.stderr
