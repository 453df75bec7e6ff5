"""Who gets a scan of a share: its sidecar, its sub-folder's name or the share's ``to`` says so; or nobody does.

Never in doubt: what names somebody wrongly, or somebody who may not be named, is no reason to ask the next. The scan
then fails, and a person is told.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, assert_never

from conf.carry import domain_of, first_carrier, is_listed, out_of_reach
from conf.model import Address, Config, Share, is_address
from conf.owner import owner_of
from hotfolder.names import display_name
from hotfolder.sidecar import Sidecar, Unusable

_NOBODY: Final = "Nobody can tell who gets this scan: "


@dataclass(frozen=True, slots=True)
class Addressed:
    """These get the scan, each once; ``subject`` is its sidecar's, or empty."""

    recipients: tuple[Address, ...]
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Unaddressed:
    """Nobody gets it; the sentence says why, and what would be right."""

    sentence: str


def addressee(config: Config, share: Share, folder: str, said: Sidecar | Unusable | None) -> Addressed | Unaddressed:
    """Decide who gets a scan that lay in a sub-folder (empty: at the top level), and what its sidecar said, if any.

    A sidecar at the top level names the recipients, all of them or none. In a sub-folder the folder's name does; a
    sidecar there may add a subject, and name that person or nobody. Folders that are not people say nothing.
    """
    owner = _of_folder(config, share, folder) if folder and share.folders == "address" else None
    if isinstance(owner, Unaddressed):
        return owner
    match said:
        case None:
            if owner is not None:
                return Addressed((owner,))
            return Addressed(share.to) if share.to else Unaddressed(f"{_NOBODY}{_how(share)}.")
        case Unusable(reason=reason):
            return Unaddressed(f"{_NOBODY}its sidecar cannot be used, {reason}.")
        case Sidecar():
            return _of_sidecar(config, share, owner, said)
        case _:
            assert_never(said)


def _of_folder(config: Config, share: Share, folder: str) -> Address | Unaddressed:
    shown = display_name(folder)
    address = owner_of(share, folder)
    if address is None:
        return Unaddressed(
            f'{_NOBODY}the name of its folder, "{shown}", is no e-mail address such as "alice@contoso.com". '
            "Rename the folder, or use another, and scan again."
        )
    fault = next(_faults(config, share, (address,)), "")
    return Unaddressed(f'{_NOBODY}{fault} It lay in the folder "{shown}".') if fault else address


def _of_sidecar(config: Config, share: Share, owner: Address | None, said: Sidecar) -> Addressed | Unaddressed:
    if owner is not None:
        if {name.lower() for name in said.to} <= {owner.lower()}:
            return Addressed((owner,), said.subject)
        return Unaddressed(f"{_NOBODY}its folder is {owner}'s, and its sidecar names somebody else.")
    if not said.to:
        return Unaddressed(f"{_NOBODY}its sidecar names nobody.")
    for name in said.to:
        if not is_address(name):
            return Unaddressed(f'{_NOBODY}its sidecar names "{display_name(name)}", which is no e-mail address.')
    unique = {name.lower(): Address(name) for name in reversed(said.to)}
    recipients = tuple(dict.fromkeys(unique[name.lower()] for name in said.to))
    fault = next(_faults(config, share, recipients), "")
    return Unaddressed(f"{_NOBODY}{fault} Its sidecar names it.") if fault else Addressed(recipients, said.subject)


def _faults(config: Config, share: Share, recipients: Iterable[Address]) -> Iterator[str]:
    for address in recipients:
        if not is_listed(share.recipients, address):
            yield f"{address} is not in recipients of [[share]] {share.name}."
        elif first_carrier(config.upstream, address) is None:
            yield f"{address} {out_of_reach(domain_of(address), config.upstream)}."


def _how(share: Share) -> str:
    """Return the clause that says how a scan of this share is addressed, for one that is not."""
    ways = []
    if share.folders == "address":
        ways.append("dropped into a folder named for its recipient")
    if share.sidecars:
        ways.append("dropped together with a sidecar that names them")
    return f"it has to be {' or '.join(ways) or 'sent to another share'}"
