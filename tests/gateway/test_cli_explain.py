"""The command explain."""

import json
import os
import subprocess

from gateway.deliver.catalogue import catalogue
from gateway.operate.exits import Exit
from tests.gateway.command import argv, environment, scangate

DISABLED = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant."


def test_explain_needs_no_configuration():
    """A reply is explained on a box without any configuration, within 80 columns."""
    done = scangate("explain", DISABLED, env={"HOME": "/nonexistent"})
    assert (done.returncode, done.stderr) == (Exit.OK, "")
    assert "smtp-auth-disabled-tenant" in done.stdout
    assert "Enable Authenticated SMTP on this mailbox" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_explain_takes_words_step_and_json():
    """Words without quotes are one reply; --phase names the step; --json prints one object."""
    done = scangate("explain", "--json", "--phase", "rcpt", "552", "5.2.2", "mailbox", "full")
    told = json.loads(done.stdout)
    assert told["reply"] == "552 5.2.2 mailbox full"
    assert [one["id"] for one in told["meanings"]] == ["recipient-mailbox-full"]


def test_explain_all_lists_the_catalogue():
    """--all lists every entry; with --json as a list of objects."""
    ids = [entry.id for entry in catalogue().entries]
    assert [one["id"] for one in json.loads(scangate("explain", "--all", "--json").stdout)] == ids
    shown = scangate("explain", "--all").stdout.splitlines()
    assert [line.split()[0] for line in shown if not line.startswith(" ")] == ids


def test_explain_reads_any_bytes():
    """Standard input may hold whatever a terminal or a file does: the reply in it is found, nothing breaks."""
    pasted = (
        b"\xff\x00\x1b[31m535-5.7.139 Authentication unsuccessful,\r\n535 5.7.139 basic authentication is disabled\xe4"
    )
    done = subprocess.run(argv("explain", "-"), input=pasted, env=environment(), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (Exit.OK, b"")
    assert b"basic-auth-disabled" in done.stdout
    text = os.fsdecode(b"535 5.7.3 no \xff\xfe")
    done = subprocess.run(argv("explain", text), env=environment(), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (Exit.OK, b"")


def test_explain_says_what_it_needs():
    """Without a reply, with both a reply and --all, with a text that holds none, or no such step: exit code 2."""
    for arguments in (
        ["explain"],
        ["explain", "--all", "550"],
        ["explain", "hello"],
        ["explain", "--phase", "x", "550"],
    ):
        done = scangate(*arguments)
        assert done.returncode == Exit.USAGE
        assert "Traceback" not in done.stderr
