"""What the service does for the Samba in front of its shares: close them below the reserve, tell who was refused.

The service needs no rights for it: the drawn smb.conf has smbd look for a file before it admits a connection, and the
folder of smbd's logs may be read by the service's group.
"""

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from conf.model import Config
from gateway.arrive import ballast
from gateway.arrive.reserve import ballast_bytes, is_ballast_kept, is_to_be_closed, opens_at_bytes
from gateway.events import Event, log
from gateway.spool import files
from gateway.spool.files import Spool
from hotfolder.samba import CLOSED_NAME
from hotfolder.samba_log import Refused, Why, device_of, refusals

_EVERY_S: Final = 5.0
"""At 100 Mbit/s a device writes 60 MB in that time, a third of the default reserve."""
_TELL_AGAIN_S: Final = 600.0
_MOST_BYTES: Final = 1 << 18
_MOST_TOLD: Final = 1000
"""Lines in ten minutes at most: names of users, and addresses of IPv6, are at the choice of whoever tries."""
_MOST_USERS: Final = 10
"""A device that tries more names than that is told of as one that tries many."""
_MANY: Final = "…"


@dataclass(slots=True)
class Gate:
    """Opens and closes the shares by the free space. The file outlives the service, and the next start looks anew."""

    spool: Spool
    state: Path
    reserve_bytes: int
    _fault: str = ""
    _last_bytes: int = 0

    def look(self) -> None:
        """Close or open the shares, if the free space says so, and log it. A disk at fault is told once."""
        faults = []
        # Each by itself: on a disk too full for the mark the ballast is what makes room for it.
        for act in (self._close_or_open, self._keep_ballast):
            try:
                act(files.free_bytes(self.spool))
            except OSError as error:
                faults.append(str(error))
        fault = "; ".join(dict.fromkeys(faults))
        if fault and fault != self._fault:
            log(Event.LOCAL_FAULT, reason=f"the shares or the ballast cannot be kept: {fault}")
        self._fault = fault

    def _close_or_open(self, free_bytes: int) -> None:
        path = self.state / CLOSED_NAME
        was_closed = path.exists()
        is_closed = is_to_be_closed(is_closed=was_closed, free_bytes=free_bytes, reserve_bytes=self.reserve_bytes)
        if is_closed and not was_closed:
            path.touch(mode=0o644)
            log(Event.SHARES_CLOSED, free_bytes=free_bytes, opens_at_bytes=opens_at_bytes(self.reserve_bytes))
        elif was_closed and not is_closed:
            path.unlink()
            log(Event.SHARES_OPENED, free_bytes=free_bytes)

    def _keep_ballast(self, free_bytes: int) -> None:
        is_falling, self._last_bytes = free_bytes < self._last_bytes, free_bytes
        size_bytes = ballast_bytes(self.reserve_bytes)
        is_whole = ballast.is_whole(self.state, size_bytes)
        is_kept = is_ballast_kept(
            is_there=is_whole, is_falling=is_falling, free_bytes=free_bytes, reserve_bytes=self.reserve_bytes
        )
        if is_kept and not is_whole:
            ballast.keep(self.state, size_bytes)
        elif not is_kept and ballast.is_there(self.state):
            ballast.give_up(self.state)
            if not is_whole:
                return
            log(
                Event.SPACE_LOW,
                reason="nearly nothing is free: the ballast is given up, so that scans can be delivered",
            )


@dataclass(frozen=True, slots=True)
class _Place:
    inode: int
    offset: int


@dataclass(slots=True)
class Refusals:
    """Tells of refused devices from smbd's logs: what came since the first look, each reason once in ten minutes."""

    logs: Path
    clock: Callable[[], float] = time.monotonic
    _places: dict[str, _Place] | None = None
    _is_unreadable: bool = False
    _told: dict[tuple[str, Why, str], tuple[float, int]] = field(default_factory=dict)

    def look(self) -> None:
        """Log what is new; once also that the folder cannot be read. A log that cannot be read is as good as none."""
        try:
            names = sorted(name for name in os.listdir(self.logs) if device_of(name) is not None)
            self._is_unreadable = False
        except OSError as error:
            names = []
            if not self._is_unreadable:
                self._is_unreadable = True
                what = f"cannot be read ({error.strerror}), so nobody is told which device is refused"
                log(Event.CONFIG_WARNING, what=f"samba.logs: {self.logs} {what}; run scangate samba-apply as root")
        places = {} if self._places is None else self._places
        found = {name: self._read(name, places.get(name)) for name in names}
        is_first, self._places = self._places is None, {name: place for name, (place, _) in found.items() if place}
        if is_first:
            return
        for name, (_, text) in found.items():
            for refused in refusals(text):
                self._tell(refused.device or str(device_of(name)), refused)

    def _read(self, name: str, place: _Place | None) -> tuple[_Place | None, str]:
        """Return where the next look begins, and what was written since the last; of a long piece its end."""
        try:
            with open(self.logs / name, "rb", opener=_plainly) as file:
                status = os.fstat(file.fileno())
                is_same = place is not None and place.inode == status.st_ino and place.offset <= status.st_size
                offset = place.offset if place is not None and is_same else 0
                file.seek(max(offset, status.st_size - _MOST_BYTES))
                data = file.read(_MOST_BYTES)
                whole = data[: data.rfind(b"\n") + 1]
                return _Place(status.st_ino, file.tell() - len(data) + len(whole)), whole.decode(errors="replace")
        except OSError:
            return place, ""

    def _tell(self, device: str, refused: Refused) -> None:
        now_s = self.clock()
        user = refused.user
        if (device, refused.why, user) not in self._told and self._users(device, refused.why, now_s) >= _MOST_USERS:
            user = _MANY
        key = (device, refused.why, user)
        told_s, times = self._told.get(key, (float("-inf"), 0))
        if now_s - told_s < _TELL_AGAIN_S:
            self._told[key] = (told_s, times + 1)
            return
        if key not in self._told and len(self._told) >= _MOST_TOLD:
            self._told = {old: at for old, at in self._told.items() if now_s - at[0] < _TELL_AGAIN_S}
            if len(self._told) >= _MOST_TOLD:
                return
        self._told[key] = (now_s, 0)
        log(
            Event.SMB_REFUSED,
            client=device,
            user=user or None,
            why=refused.why.value,
            times=times + 1,
            reason=refused.sentence,
        )

    def _users(self, device: str, why: Why, now_s: float) -> int:
        """Count the names of users that were told of a device for one reason in the last ten minutes."""
        return sum(
            1
            for (other, reason, _), (told_s, _) in self._told.items()
            if (other, reason) == (device, why) and now_s - told_s < _TELL_AGAIN_S
        )


def _plainly(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


def gate(config: Config, spool: Spool) -> Gate:
    """Return the gate of a configuration's shares."""
    return Gate(spool, config.gateway.state, config.gateway.free_space)


async def keep(config: Config, spool: Spool) -> None:
    """Look after the shares until cancelled; without one, what was kept for them is given up."""
    if not config.share:
        with suppress(OSError):
            await asyncio.to_thread(ballast.give_up, config.gateway.state)
        return
    watched, told = gate(config, spool), Refusals(config.samba.logs)
    has_user = any(share.user is not None for share in config.share)

    def look() -> None:
        watched.look()
        if has_user:
            told.look()

    while True:
        await asyncio.to_thread(look)
        await asyncio.sleep(_EVERY_S)
