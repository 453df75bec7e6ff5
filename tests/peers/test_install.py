"""The script that installs the peers' packages: quick, exact, and it leaves the system's policy as it was."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "peers"
# Stands in for apt-get: notes its arguments and what the policy says while it runs.
APT_GET = """#!/bin/sh
"$PEERS_POLICY" smbd start; echo "$? $*" >>"$NOTES"
case $1 in "$FAILS") exit 100 ;; esac
"""


class Run:
    """One run of the script with stand-ins for dpkg-query, apt-get and id."""

    def __init__(self, folder: Path):
        """Everything is installed and we are root, until a test says otherwise."""
        self.policy = folder / "policy-rc.d"
        self._folder = folder
        self._notes = folder / "notes"
        self.installed = "*"
        self.user_id = 0
        self.fails_at = "nothing"

    def __call__(self) -> "subprocess.CompletedProcess[str]":
        """Run it."""
        tools = self._folder / "tools"
        tools.mkdir(exist_ok=True)
        # The package is dpkg-query's last argument.
        query = f'#!/bin/sh\nfor last; do :; done\ncase $last in {self.installed}) printf "ii " ;; *) exit 1 ;; esac\n'
        for name, text in (
            ("dpkg-query", query),
            ("apt-get", APT_GET),
            ("id", f"#!/bin/sh\necho {self.user_id}\n"),
        ):
            (tools / name).write_text(text)
            (tools / name).chmod(0o755)
        environment = {
            "PATH": f"{tools}:{os.environ['PATH']}",
            "PEERS_POLICY": str(self.policy),
            "NOTES": str(self._notes),
            "FAILS": self.fails_at,
        }
        return subprocess.run([SCRIPT], env=environment, capture_output=True, text=True, check=False, timeout=30)

    def notes(self) -> list[str]:
        """What apt-get was asked, each with the policy's answer in front."""
        return self._notes.read_text().splitlines() if self._notes.exists() else []


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """The script, ready to run in its own folder."""
    return Run(tmp_path)


def test_does_nothing_when_all_are_there(run: Run):
    """With every package installed nothing is asked, said or changed, root or not."""
    run.user_id = 1000
    done = run()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert run.notes() == []
    assert not run.policy.exists()


def test_installs_what_is_missing_and_starts_nothing(run: Run):
    """Only the missing packages are installed, while the policy answers 101, and the policy is gone afterwards."""
    run.installed = "[!pd]*|poppler-utils|default-jre-headless"
    done = run()
    assert done.returncode == 0, done.stderr
    assert run.notes() == ["101 update -qq", "101 install -y -qq --no-install-recommends postfix dovecot-core"]
    assert "postfix dovecot-core" in done.stderr
    assert not run.policy.exists()


@pytest.mark.parametrize("fails_at", ["nothing", "update", "install"])
def test_the_policy_is_put_back(run: Run, fails_at: str):
    """A policy that was there is there again, with content and mode, also when apt-get fails, which is told."""
    run.policy.write_text("#!/bin/sh\nexit 0\n")
    run.policy.chmod(0o750)
    run.installed, run.fails_at = "none", fails_at
    done = run()
    assert (done.returncode == 0) == (fails_at == "nothing")
    assert all(note.startswith("101 ") for note in run.notes())
    assert run.policy.read_text() == "#!/bin/sh\nexit 0\n"
    assert run.policy.stat().st_mode & 0o777 == 0o750


def test_a_policy_that_is_a_link_stays_one(run: Run, tmp_path: Path):
    """A link is put back as a link, and what it points to is not written to."""
    target = tmp_path / "target"
    target.write_text("#!/bin/sh\nexit 0\n")
    run.policy.symlink_to(target)
    run.installed = "none"
    assert run().returncode == 0
    assert run.policy.readlink() == target
    assert target.read_text() == "#!/bin/sh\nexit 0\n"


def test_without_root_it_says_what_to_do(run: Run):
    """A user who is not root is told which packages are missing, and nothing is tried."""
    run.installed, run.user_id = "samba", 1000
    done = run()
    assert done.returncode == 1
    assert "smbclient" in done.stderr
    assert "as root" in done.stderr
    assert run.notes() == []
