"""Rules about the shares that Samba serves for us, and about the Samba that serves them."""

import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from conf.finding import Finding
from conf.model import Gateway, Samba, Share, is_ip

_RESERVED: Final = frozenset({"global", "homes", "printers"})
"""Sections of smb.conf with a meaning of their own (smb.conf(5), SPECIAL SECTIONS)."""
_SYSTEM: Final = frozenset({"root", "nobody", "daemon", "bin", "sys", "mail", "www-data", "sshd", "admin", "scangate"})
"""Accounts that a password known to a printer must not open; ``samba-apply`` refuses every account it has not made."""
_PLAIN_PASSWORD: Final = re.compile(r"[A-Za-z0-9]+")
_SHORT: Final = 12
_PATH_MARKS: Final = frozenset("/._-+@, ")


def is_drawable_path(path: Path) -> bool:
    """Tell whether smb.conf can hold a path as it is: letters, digits and ``/._-+@,``, and spaces within.

    smb.conf has no escape for a line end, a final backslash or a quote, and expands ``%`` (smb.conf(5), VARIABLE
    SUBSTITUTIONS).
    """
    text = str(path)
    return text == text.strip() and all(character.isalnum() or character in _PATH_MARKS for character in text)


def samba_findings(shares: tuple[Share, ...], samba: Samba | None, gateway: Gateway | None) -> Iterator[Finding]:
    """Return what is wrong or doubtful with shares that have a user, and with [samba]."""
    served = [(index, share) for index, share in enumerate(shares) if share.user is not None]
    if not served:
        return
    for index, share in served:
        yield from _share(index, share)
    yield from _accounts(served)
    if gateway is not None and not is_drawable_path(gateway.state):
        yield Finding(("gateway", "state"), _UNDRAWABLE)
    if samba is not None:
        if not is_drawable_path(samba.logs):
            yield Finding(("samba", "logs"), _UNDRAWABLE)
        yield from _logs_apart(shares, samba.logs, gateway)
        yield from _legacy([share for _, share in served], samba)


def _logs_apart(shares: tuple[Share, ...], logs: Path, gateway: Gateway | None) -> Iterator[Finding]:
    """Root makes this folder its own: never where a device or the service may lay a link, never around either."""
    others = [(f'the folder of share "{share.name}"', share.path) for share in shares]
    if gateway is not None:
        others.append(("[gateway] state", gateway.state))
    for what, path in others:
        if logs.is_relative_to(path) or path.is_relative_to(logs):
            yield Finding(("samba", "logs"), f"overlaps {what}: Samba's logs need a folder of root's, below /var/log")


_UNDRAWABLE: Final = "must be of letters, digits, spaces and ./_-+@, when a share has a user: Samba cannot hold others"


def _share(index: int, share: Share) -> Iterator[Finding]:
    if share.name in _RESERVED:
        yield Finding(
            ("share", index, "name"), f'is "{share.name}", which has a meaning of its own in Samba: rename it'
        )
    if not is_drawable_path(share.path):
        yield Finding(("share", index, "path"), _UNDRAWABLE)
    if share.user in _SYSTEM:
        what = "is an account of the system: name a new one for the device, such as printer1"
        yield Finding(("share", index, "user"), what)
    key = "password" if share.password_file is None else "password_file"
    if share.password is not None:
        yield from _password(("share", index, key), share.password.get_secret_value())
    if not share.clients:
        what = "is empty: everyone who reaches the box may try passwords; name the device's address"
        yield Finding(("share", index, "clients"), what, is_warning=True)
    for item, network in enumerate(share.clients):
        if ipaddress.ip_network(network, strict=False).prefixlen == 0:
            what = "admits everyone who reaches the box: name the devices or their network"
            yield Finding(("share", index, "clients", item), what, is_warning=True)
    if share.legacy_smb1:
        what = (
            "is on: SMB1 has no encryption, and NTLMv1 gives the password to whoever listens; "
            "better let the device send mail to [[smtp]], and retire it"
        )
        yield Finding(("share", index, "legacy_smb1"), what, is_warning=True)


def _password(at: tuple[str, int, str], password: str) -> Iterator[Finding]:
    if _PLAIN_PASSWORD.fullmatch(password) is None:
        what = "has other characters than letters and digits: many panels cannot enter them, or change them"
        yield Finding(at, what, is_warning=True)
    if len(password) < _SHORT:
        what = f"is shorter than {_SHORT} characters: best 20 letters and digits, nobody has to remember them"
        yield Finding(at, what, is_warning=True)


def _accounts(served: list[tuple[int, Share]]) -> Iterator[Finding]:
    first: dict[str, Share] = {}
    for index, share in served:
        other = first.setdefault(str(share.user), share)
        if other is share:
            continue
        if other.legacy_smb1 != share.legacy_smb1:
            what = (
                f'is also the user of share "{other.name}", and one of the two has legacy_smb1, '
                "which gives its password away: each needs a user of its own"
            )
            yield Finding(("share", index, "user"), what)
        elif _password_of(other) != _password_of(share):
            what = f'is also the user of share "{other.name}", with another password: an account has one password'
            yield Finding(("share", index, "user"), what)


def _password_of(share: Share) -> str | None:
    return None if share.password is None else share.password.get_secret_value()


def _legacy(served: list[Share], samba: Samba) -> Iterator[Finding]:
    legacy = [share.name for share in served if share.legacy_smb1]
    at = ("samba", "legacy_address")
    if not legacy:
        if samba.legacy_address is not None:
            yield Finding(at, "is not used: no share has legacy_smb1", is_warning=True)
        return
    if samba.legacy_address is None:
        what = f'is missing: share "{legacy[0]}" has legacy_smb1, which needs an address of its own on this box'
        yield Finding(at, what)
        return
    if not samba.interfaces or not all(is_ip(name) for name in samba.interfaces):
        what = (
            "must name the addresses for other shares when there is a legacy_address: "
            "otherwise the first smbd takes that address too"
        )
        yield Finding(("samba", "interfaces"), what)
    elif any(ipaddress.ip_address(name) == ipaddress.ip_address(samba.legacy_address) for name in samba.interfaces):
        yield Finding(at, "is among interfaces: SMB1 needs an address that no other share has")
