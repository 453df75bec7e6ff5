"""A configuration with shares that Samba serves, and what a drawn smb.conf says."""

import re
from pathlib import Path
from typing import Any

from conf.model import Config
from hotfolder.samba import Server, Site, draw
from tests.conf.given import made

SOURCE = Path("/etc/scangate/gateway.toml")
PASSWORD = "Abcdefgh1234567890xy"


def share(name: str = "scans", **keys: Any) -> dict[str, Any]:
    """The table of a share with a user of its own."""
    table = {"name": name, "path": f"/srv/{name}", "to": ["office@contoso.com"], "user": f"{name}-printer"}
    return {**table, "password": PASSWORD, "clients": ["192.168.1.40"], **keys}


def config(*shares: dict[str, Any], **samba: Any) -> Config:
    """A configuration with these shares."""
    return made(
        Config,
        {
            "sender": {"address": "scanner@contoso.com"},
            "upstream": [{"method": "maildir", "path": "/srv/mailbox"}],
            "share": list(shares),
            "samba": samba,
        },
    )


def site(settings: Config, owner: str = "scangate", folder: Path | None = None) -> Site:
    """A box whose shares all belong to one account."""
    return Site({one.name: owner for one in settings.share}, folder)


def drawn(settings: Config, server: Server = Server.MAIN) -> str:
    """The smb.conf of a server."""
    return draw(settings, server, site(settings), SOURCE)


def sections(text: str) -> dict[str, dict[str, str]]:
    """What a smb.conf says, read as smb.conf(5) describes: sections, ``key = value`` lines, comments."""
    found: dict[str, dict[str, str]] = {}
    name = ""
    for line in (line.strip() for line in text.split("\n")):
        if not line or line.startswith(("#", ";")):
            continue
        assert not line.endswith("\\"), "a continued line"
        if header := re.fullmatch(r"\[(.*)\]", line):
            name = header[1]
            assert name not in found, "a section stands twice"
            found[name] = {}
        else:
            key, _, value = line.partition("=")
            assert key.strip() not in found[name], "a key stands twice"
            found[name][key.strip()] = value.strip()
    return found
