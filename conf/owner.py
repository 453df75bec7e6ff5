"""Whose folder a sub-folder of a share is, where folders are named for people."""

from typing import Final

from conf.model import Address, Share, is_address

# Windows takes these from the end of a name, and Samba keeps them (measured with Samba 4.17, 2026-11).
_TRAILING: Final = " ."


def owner_of(share: Share, folder: str) -> Address | None:
    """Return the address that a folder's name is, or is with the share's domain; None when it is no address."""
    name = folder.strip(" ").rstrip(_TRAILING)
    named = name if "@" in name or share.domain is None else f"{name}@{share.domain}"
    return Address(named) if is_address(named) else None
