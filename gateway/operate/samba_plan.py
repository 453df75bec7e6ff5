"""What ``samba-apply`` has to do about accounts, and the unit of the second smbd: decided from what is there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from conf.hidden import SecretStr
from conf.model import Config
from hotfolder.samba import Server, served

GECOS: Final = "scangate device"
"""The comment of a system account that scangate has made: no other is ever touched."""


@dataclass(frozen=True, slots=True)
class Account:
    """A Samba account as it stands: its flags, and a digest of its password that is never shown."""

    digest: str = field(repr=False)
    is_disabled: bool


def wanted(config: Config, server: Server) -> dict[str, SecretStr]:
    """Return the accounts of one server with their passwords."""
    pairs = ((share.user, share.password) for share in served(config, server))
    return {user: password for user, password in pairs if user is not None and password is not None}


def strangers(config: Config, comments: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each user that is an account of somebody else; ``comments`` are those of all accounts."""
    for index, share in enumerate(config.share):
        if share.user is not None and comments.get(share.user, GECOS) != GECOS:
            yield (
                f"share[{index}].user: the account {share.user} is there and is not scangate's; "
                "name a new one, such as printer1"
            )


def to_disable(there: Mapping[str, Account], keep: Mapping[str, SecretStr], comments: Mapping[str, str]) -> list[str]:
    """Return the Samba accounts that scangate once made, that are in force, and that no share names any more."""
    return sorted(
        name
        for name, account in there.items()
        if name not in keep and not account.is_disabled and comments.get(name) == GECOS
    )


def parse_accounts(listing: str) -> dict[str, Account]:
    """Read what ``pdbedit --list --smbpasswd-style`` prints (smbpasswd(5)); lines of another form are skipped."""
    found: dict[str, Account] = {}
    for line in listing.splitlines():
        parts = line.split(":")
        if len(parts) > _FLAGS and parts[_FLAGS].startswith("["):
            found[parts[0]] = Account(parts[_FLAGS - 1], "D" in parts[_FLAGS])
    return found


_FLAGS: Final = 4


def draw_unit(smbd: str, conf: Path) -> str:
    """Return the systemd unit of the second smbd; Debian's own, with another file."""
    return f"""\
# Drawn by scangate samba-apply; do not edit.
[Unit]
Description=Samba for scangate shares with legacy_smb1
Documentation=man:smbd(8)
After=network-online.target
Wants=network-online.target

[Service]
Type=notify
ExecStart={smbd} --foreground --no-process-group "--configfile={str(conf).replace("%", "%%")}"
ExecReload=/bin/kill -HUP $MAINPID
LimitNOFILE=16384
NoNewPrivileges=yes
ProtectSystem=full
Restart=on-failure
RestartSec=10

[Install]
WantedBy=multi-user.target
"""
