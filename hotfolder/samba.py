"""smb.conf drawn from the configuration: a locked server for every share with a user, and a second one for SMB1."""

import ipaddress
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, unique
from pathlib import Path
from typing import Final

from conf.check_samba import is_drawable_path
from conf.model import Config, Share

DRAWN: Final = "# Drawn by scangate samba-config from "
"""How a file that scangate has drawn begins; any other is somebody else's."""
CLOSED_NAME: Final = "shares-closed"
"""While a file of this name stands in [gateway] state, no share admits a new connection."""

FOLDERS: Final[Mapping[str, str]] = {
    "private dir": "private",
    "state directory": "state",
    "cache directory": "cache",
    "lock directory": "lock",
    "pid directory": "run",
    "ncalrpc dir": "ncalrpc",
}
"""What one smbd keeps, each by its setting and its name in the server's own folder; smbd makes none of them."""

SHARE_CONNECTIONS: Final = 20
"""At once to one share; each is a process of smbd's."""
_SPARE_PROCESSES: Final = 20
"""For smbd's own (two with Samba 4.17 and 4.22, measured 2026-11-25), and for who is still logging in or is refused."""

_TEXT_MARKS: Final = frozenset("/._-+@,:= '!*|")
_START_KEYS: Final = frozenset({"smb ports", "interfaces", "bind interfaces only"})
"""What smbd reads once: a change needs a restart, not a reload."""


@unique
class Server(Enum):
    """Which smbd: the locked one, or the one that also speaks SMB1. The value is its NetBIOS name."""

    MAIN = "SCANGATE"
    LEGACY = "SCANGATE-SMB1"


@dataclass(frozen=True, slots=True)
class Site:
    """What the configuration cannot know of the box.

    ``owners``: for each served share the system account that owns its folder, whose files the scans become.
    ``folder``: where the server keeps its own (``FOLDERS``), apart from any other; None leaves smbd the distribution's.
    """

    owners: Mapping[str, str]
    folder: Path | None = None
    ports: tuple[int, ...] = (445,)


LOG_PREFIXES: Final[Mapping[Server, str]] = {Server.MAIN: "", Server.LEGACY: "smb1-"}
"""How the name of a log file begins; the address of the device and ``.log`` follow."""


def served(config: Config, server: Server) -> tuple[Share, ...]:
    """Return the shares that this server serves, in the order of the configuration."""
    is_legacy = server is Server.LEGACY
    return tuple(share for share in config.share if share.user is not None and share.legacy_smb1 is is_legacy)


def draw(config: Config, server: Server, site: Site, source: Path) -> str:
    """Return the whole smb.conf of one server; ``source`` is the file of the configuration, named in the first line.

    Raises ValueError when a value could be read as anything but itself: nothing that is configured can add a line.
    """
    lines = [
        f"{DRAWN}{_comment(str(source))}.",
        "# Do not edit: scangate samba-apply replaces it. Every setting is explained in smb.conf(5).",
        "",
        *_global(config, server, site),
    ]
    for share in served(config, server):
        lines += ["", *_share(share, site.owners[share.name], config.gateway.state)]
    return "\n".join(lines) + "\n"


def is_drawn(text: str) -> bool:
    """Tell whether a file is one of ours."""
    return text.startswith(DRAWN)


def needs_restart(old: str, new: str) -> bool:
    """Tell whether smbd has to be restarted for the new file to be in force: where it listens has changed."""
    return _listening(old) != _listening(new)


def _listening(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip().partition(" =")[0] in _START_KEYS]


def _global(config: Config, server: Server, site: Site) -> Iterator[str]:
    yield "[global]"
    yield _line("workgroup", config.samba.workgroup)
    yield _line("netbios name", server.value)
    yield _line("server string", "scangate")
    yield _line("server role", "standalone server")
    yield from _listen(config, server, site)
    yield from _clients(served(config, server))
    yield from _SECURITY
    yield from _LEGACY if server is Server.LEGACY else _MODERN
    yield from _BEHAVIOUR
    yield "  # So many that a share whose connections are all taken leaves the others theirs. Each takes under 1 MB."
    yield _line("max smbd processes", str(SHARE_CONNECTIONS * len(served(config, server)) + _SPARE_PROCESSES))
    if site.folder is not None:
        yield from _folders(site.folder)
    yield from _logging(config.samba.logs, server)


def _listen(config: Config, server: Server, site: Site) -> Iterator[str]:
    yield "  # No NetBIOS and no browsing: panels are given an address. (139 is how the oldest ones reach one.)"
    yield _line("smb ports", " ".join(map(str, site.ports)))
    yield _line("disable netbios", "yes")
    interfaces = config.samba.interfaces if server is Server.MAIN else (str(config.samba.legacy_address),)
    if interfaces:
        yield _line("interfaces", " ".join(interfaces))
        yield _line("bind interfaces only", "yes")


def _clients(shares: tuple[Share, ...]) -> Iterator[str]:
    """The devices of all shares together may connect; each share then admits its own."""
    if not shares:
        yield "  # No share has a user: nobody may connect."
        yield _line("hosts deny", "ALL")
    elif all(share.clients for share in shares):
        yield from _hosts(tuple(dict.fromkeys(client for share in shares for client in share.clients)))


def _hosts(clients: tuple[str, ...]) -> Iterator[str]:
    networks = [ipaddress.ip_network(client, strict=False) for client in clients]
    names = [str(net.network_address) if net.num_addresses == 1 else str(net) for net in networks]
    yield _line("hosts allow", " ".join(names))
    yield _line("hosts deny", "ALL")


_SECURITY: Final = (
    "  # One account a device, no guests: a wrong password is refused and never becomes a guest.",
    "  map to guest = never",
    "  restrict anonymous = 2",
    "  passdb backend = tdbsam",
    "  usershare max shares = 0",
    "  load printers = no",
    "  printing = bsd",
    "  printcap name = /dev/null",
    "  disable spoolss = yes",
)
_MODERN: Final = (
    "  # SMB2 or newer. Old panels do not cope with required signing or encryption.",
    "  server min protocol = SMB2_02",
    "  server signing = default",
    "  ntlm auth = ntlmv2-only",
)
_LEGACY: Final = (
    "  # legacy_smb1: SMB1 and NTLMv1, which give the password to whoever listens. This server has its own accounts.",
    "  server min protocol = NT1",
    "  server signing = default",
    "  ntlm auth = ntlmv1-permitted",
)
_BEHAVIOUR: Final = (
    "  # Nothing may stand between a device's write and the file that scangate looks at.",
    "  oplocks = no",
    "  level2 oplocks = no",
    "  smb2 leases = no",
    "  kernel oplocks = no",
    "  durable handles = no",
    "  strict allocate = no",
    "  # No links out of a share, and nothing beside a scan: no attributes, no side files.",
    "  unix extensions = no",
    "  follow symlinks = no",
    "  wide links = no",
    "  store dos attributes = no",
    "  map archive = no",
    "  map readonly = no",
    "  ea support = no",
    "  # A device that has lost its cable is given up after about a minute, an idle one after 15.",
    "  socket options = TCP_NODELAY SO_KEEPALIVE TCP_KEEPIDLE=30 TCP_KEEPINTVL=10 TCP_KEEPCNT=3 TCP_USER_TIMEOUT=60000",
    "  deadtime = 15",
)


def _folders(folder: Path) -> Iterator[str]:
    yield "  # Everything of this server's own, apart from any other."
    for key, name in FOLDERS.items():
        yield _line(key, _path(folder / name))


def _logging(logs: Path, server: Server) -> Iterator[str]:
    yield "  # A file for each address that connects. Level 3 of smb2 tells of devices that know SMB1 only."
    yield _line("logging", "file")
    yield f"  log file = {_path(logs)}/{LOG_PREFIXES[server]}%I.log"
    yield _line("log level", "0 auth_audit:2 smb2:3")
    yield _line("max log size", "200")


def _share(share: Share, owner: str, state: Path) -> Iterator[str]:
    yield f"[{_text(share.name)}]"
    yield _line("path", _path(share.path))
    yield _line("valid users", str(share.user))
    yield _line("read only", "no")
    yield "  # The files are scangate's own: it finds out whether one is still being written only of its own files."
    if owner == "root":
        raise ValueError(f"share {share.name}: smbd does not write as root; give the folder to the service's user")
    yield _line("force user", owner)
    yield _line("create mask", "0660")
    yield _line("directory mask", "0770")
    yield from _hosts(share.clients) if share.clients else ()
    yield _line("max connections", str(SHARE_CONNECTIONS))
    yield _line("hide unreadable", "yes")
    yield "  # Clutter of desktop systems only: a refused scan would be a failed job at the panel."
    yield _line("veto files", "/Thumbs.db/desktop.ini/.DS_Store/")
    yield "  # Too little free space: the service makes this file, and a new connection is refused until it is gone."
    yield "  # As root, who sees it whoever may look into the state. Without a state nobody would take care of a scan."
    directory, closed = (shlex.quote(_path(path)) for path in (state, state / CLOSED_NAME))
    # One command: smbd quotes whatever could join two (Samba 4.17 and 4.22, measured 2026-11-25).
    yield f"  root preexec = test -d {directory} -a ! -e {closed}"
    yield _line("root preexec close", "yes")


def _line(key: str, value: str) -> str:
    return f"  {key} = {_text(value)}"


def _text(value: str) -> str:
    if value != value.strip() or not all(each.isalnum() or each in _TEXT_MARKS for each in value):
        raise ValueError(f"smb.conf cannot hold {value!r}")
    return value


def _path(path: Path) -> str:
    if not is_drawable_path(path) or not path.is_absolute():
        raise ValueError(f"smb.conf cannot hold the path {str(path)!r}")
    return str(path)


def _comment(text: str) -> str:
    """Return text on one line, printable, and not continued on the next."""
    return "".join(each if each.isprintable() and each != "\\" else "?" for each in text)
