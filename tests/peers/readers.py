"""How programs that people read mail with see a message: mblaze, Dovecot's IMAP view, and Python's email package."""

import email.header
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from tests.peers import mailbox

TOOL_TIMEOUT_S: Final = 30
NOBODY: Final = 65534
Nested = list[Any]
_TOKEN: Final = re.compile(r'\(|\)|"((?:[^"\\]|\\.)*)"|\{(\d+)\}\r?\n|[^\s()]+')
_LEAF: Final = re.compile(r'size=\d+(?: name="(?P<name>.*)")?$')


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader shows: subject, the sender's name, To, Cc, each part's type and name in order, the plain text.

    A part without a name has an empty one; ``text`` is None where the reader was not asked for it.
    """

    subject: str
    sender: str
    to: str
    cc: str
    parts: tuple[tuple[str, str], ...]
    text: str | None = None


def by_python(mail: bytes) -> Reading:
    """The mail as the standard library's modern policy reads it."""
    message = mailbox.parse(mail)
    body = message.get_body(("plain",))
    assert body is not None
    leaves = [part for part in message.walk() if not part.is_multipart()]
    return Reading(
        str(message["Subject"]),
        message["From"].addresses[0].display_name,
        str(message["To"] or ""),
        str(message["Cc"] or ""),
        tuple((leaf.get_content_type(), leaf.get_filename() or "") for leaf in leaves),
        "\n".join(body.get_content().splitlines()),
    )


def by_mblaze(mail: Path) -> Reading:
    """The mail as mblaze shows it: mhdr, the list of mshow, and the text in it."""
    subject, sender, to, cc = (_run("mhdr", "-d", "-h", key, str(mail)) for key in ("subject", "from", "to", "cc"))
    parts, number = [], ""
    for line in _run("mshow", "-t", str(mail)).splitlines()[1:]:
        at, kind = line.split()[:2]
        found = _LEAF.search(line)
        assert found is not None, line
        if not kind.startswith("multipart/"):
            parts.append((kind, found["name"] or ""))
        number = number or (at.rstrip(":") if kind == "text/plain" else "")
    text = _run("mshow", "-O", str(mail), number)
    return Reading(subject, sender.rpartition(" <")[0], to, cc, tuple(parts), "\n".join(text.splitlines()))


def by_dovecot(mail: Path) -> Reading:
    """The mail as Dovecot describes it to an IMAP client: ENVELOPE and BODYSTRUCTURE, encoded words undone here."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o711)
        store = folder / "maildir"
        for inner in ("new", "cur", "tmp"):
            (store / inner).mkdir(parents=True)
        shutil.copyfile(mail, store / "new" / "1.mail")
        for path in (store, *store.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        envelope, structure = (_fetched(folder, store, what) for what in ("imap.envelope", "imap.bodystructure"))
    _date, subject, sender, *_, to, cc, _bcc, _reply, _id = envelope
    leaves = tuple(_leaves(structure))
    return Reading(_undone(subject), _undone(sender[0][0] or ""), _addresses(to), _addresses(cc), leaves)


def _fetched(folder: Path, store: Path, what: str) -> Nested:
    """One field of the only message, as nested lists of strings, None for NIL."""
    is_2_3 = _run("dovecot", "--version").startswith("2.3")
    location = f"mail_location = maildir:{store}" if is_2_3 else f"mail_driver = maildir\nmail_path = {store}"
    versions = "" if is_2_3 else "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n"
    settings = folder / "dovecot.conf"
    settings.write_text(
        f"{versions}{location}\nbase_dir = {folder}/run\nmail_uid = {NOBODY}\nmail_gid = {NOBODY}\n"
        "first_valid_gid = 0\n"
    )
    answer = _run(
        "doveadm", "-c", str(settings), "fetch", what, "all", environment={"USER": "nobody", "HOME": str(store)}
    )
    return _nested(answer.partition(":")[2])


def _nested(text: str) -> Nested:
    """What stands in parentheses as lists (RFC 9051 section 9): strings, literals, atoms."""
    stack: list[Nested] = [[]]
    at = 0
    while found := _TOKEN.search(text, at):
        at = found.end()
        match found[0]:
            case "(":
                stack.append([])
            case ")":
                done = stack.pop()
                stack[-1].append(done)
            case "NIL":
                stack[-1].append(None)
            case _ if found[2]:
                stack[-1].append(text[at : at + int(found[2])])
                at += int(found[2])
            case _:
                stack[-1].append(re.sub(r"\\(.)", r"\1", found[1]) if found[1] is not None else found[0])
    return stack[0]


def _leaves(structure: Nested) -> Iterator[tuple[str, str]]:
    """Type and name of each part that is no multipart, the name from its disposition by RFC 2231, else RFC 2183."""
    if isinstance(structure[0], list):
        for part in structure:
            if isinstance(part, list):
                yield from _leaves(part)
            else:
                break
        return
    disposition: Nested = next(
        (one[1] for one in structure[7:] if isinstance(one, list) and isinstance(one[-1], list)), []
    )
    named = dict(zip(disposition[::2], disposition[1::2], strict=True)) if disposition else {}
    name = named.get("filename", "")
    if "filename*" in named:
        charset, _, written = named["filename*"].split("'", 2)
        name = unquote_to_bytes(written).decode(charset)
    yield f"{structure[0]}/{structure[1]}", name


def _undone(text: str) -> str:
    return str(email.header.make_header(email.header.decode_header(text)))


def _addresses(listed: Nested | None) -> str:
    return ", ".join(f"{one[2]}@{one[3]}" for one in listed or [])


def _run(*argv: str, environment: dict[str, str] | None = None) -> str:
    """What a program says, in UTF-8."""
    given = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", **(environment or {})}
    done = subprocess.run(argv, env=given, capture_output=True, text=True, timeout=TOOL_TIMEOUT_S, check=False)
    is_absent = argv[0] == "mhdr" and not done.stderr  # it ends with 1 when there is no such header
    assert done.returncode == 0 or is_absent, done.stderr
    return done.stdout.rstrip("\n")
