"""One secret from one file or systemd credential: the value, or why there is none and what to do."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from conf.hidden import SecretStr
from conf.small_file import Content, Trouble, read

LARGEST_BYTES: Final = 65_536
"""A longer file is neither a password nor a certificate chain: a chain of four has under 10 kB."""

Holds = Literal["secret", "private key", "certificate"]
"""What a named file holds; anyone may read a certificate."""

CREDENTIAL: Final = "credential:"


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that could be read; ``warning`` completes a sentence that begins with the key that named it."""

    content: Content
    warning: str | None


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why there is no secret; ``why`` completes a sentence that begins with the key that named it."""

    why: str


def credential_path(written: str, credentials: str | None) -> Path | Unusable:
    """Return where systemd keeps ``credential:NAME``; ``credentials`` is ``$CREDENTIALS_DIRECTORY`` (systemd.exec(5)).

    What does not begin with ``credential:`` is taken as a plain path.
    """
    if not written.startswith(CREDENTIAL):
        return Path(written)
    name = written.removeprefix(CREDENTIAL)
    if not name.isprintable() or not name or "/" in name or name in {".", ".."}:
        return Unusable('must be "credential:NAME" with the name of a systemd credential, without "/"')
    if not credentials:
        return Unusable(
            f"names a systemd credential, but the service was given none: add LoadCredential={name}:PATH to its unit, "
            "or name a file"
        )
    return Path(credentials) / name


def open_file(path: Path, holds: Holds) -> Opened | Unusable:
    """Read a file a key names; one that is private and that everyone may read gives a warning.

    Where a secret's file cannot be read its path is not told: a password written in place of its file's name must not
    reach a log.
    """
    content = read(path, LARGEST_BYTES)
    match content:
        case Trouble(what):
            return Unusable(f"names a file that {what}" if holds == "secret" else f"names {path}, which {what}")
        case Content(data) if not data.strip():
            return Unusable(f"names {path}, which is empty: write the content into it")
        case Content() if content.is_open_to_all and holds != "certificate":
            return Opened(content, f"names {path}, which everyone on the box may read: chmod 600 it")
        case Content():
            return Opened(content, None)


def secret_in(content: Content, path: Path) -> SecretStr | Unusable:
    """Return the one line a secret file holds, without the line end an editor adds. It prints as stars."""
    try:
        text = content.data.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        return Unusable(f"names {path}, which is not UTF-8 text: write the secret into it, on one line")
    if not text or any(character < " " or character == "\x7f" for character in text):
        return Unusable(f"names {path}, which must hold the secret on one line and nothing else")
    return SecretStr(text)
