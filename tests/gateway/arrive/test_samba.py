"""The shares close and open by the free space, and what smbd says of refused devices stands in the log."""

import errno
import os
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.arrive import samba
from gateway.arrive.samba import Gate, Refusals
from gateway.spool import files
from hotfolder.samba import CLOSED_NAME
from tests.gateway.spool.given import config

RESERVE = 200_000_000
SMB1 = "  smb2_multi_protocol_reply_negprot: No protocol supported !\n"
DENIED = "  Denied connection from 10.0.0.9 (10.0.0.9)\n"


class Disk:
    """How much is free, as the test says."""

    def __init__(self, free_bytes: int) -> None:
        """Begin with so much."""
        self.free_bytes = free_bytes

    def __call__(self, _spool: files.Spool) -> int:
        """Return it."""
        return self.free_bytes


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """A disk with room."""
    made = Disk(10 * RESERVE)
    monkeypatch.setattr(files, "free_bytes", made)
    return made


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """The gate of a state directory."""
    return Gate(files.open_spool(tmp_path), tmp_path, RESERVE)


def events(logs: list[MutableMapping[str, Any]]) -> list[str]:
    """The events logged, in order."""
    return [line["event"] for line in logs]


def test_the_shares_close_and_open_once_each(gate: Gate, disk: Disk, tmp_path: Path):
    """Each change of the state is one line, and the file stands exactly while the shares are closed."""
    closed = tmp_path / CLOSED_NAME
    with capture_logs() as logs:
        for free, expected in [(RESERVE, False), (RESERVE - 1, True), (RESERVE + 1, True), (2 * RESERVE, False)]:
            disk.free_bytes = free
            gate.look()
            gate.look()
            assert closed.exists() is expected
    assert events(logs) == ["shares-closed", "shares-opened"]
    assert logs[0]["free_bytes"] == RESERVE - 1
    assert logs[0]["opens_at_bytes"] == 250_000_000


def test_a_restart_finds_the_shares_as_they_were(gate: Gate, disk: Disk, tmp_path: Path):
    """Closed shares stay closed over a crash while there is too little space, and open when there is enough."""
    disk.free_bytes = 0
    gate.look()
    disk.free_bytes = RESERVE + 1
    with capture_logs() as logs:
        Gate(gate.spool, tmp_path, RESERVE).look()
    assert logs == []
    assert (tmp_path / CLOSED_NAME).exists()
    disk.free_bytes = 2 * RESERVE
    Gate(gate.spool, tmp_path, RESERVE).look()
    assert not (tmp_path / CLOSED_NAME).exists()


def test_a_disk_at_fault_is_told_once(gate: Gate, disk: Disk, tmp_path: Path):
    """When the shares cannot be closed that is one line, not one at every look; then it is tried again."""
    disk.free_bytes = 0
    gate.state = tmp_path / "gone"
    with capture_logs() as logs:
        gate.look()
        gate.look()
        gate.state = tmp_path
        gate.look()
    assert events(logs) == ["local-fault", "shares-closed"]


def test_a_ballast_at_fault_keeps_no_share_closed(gate: Gate, disk: Disk, tmp_path: Path):
    """Where the ballast cannot be made the shares open and close all the same, and it is told once."""
    disk.free_bytes = 0
    gate.look()
    (tmp_path / "ballast").symlink_to(tmp_path / "nowhere" / "file")
    with capture_logs() as logs:
        for free, expected in [(2 * RESERVE, False), (2 * RESERVE, False), (0, True)]:
            disk.free_bytes = free
            gate.look()
            assert (tmp_path / CLOSED_NAME).exists() is expected
    assert events(logs) == ["shares-opened", "local-fault", "shares-closed"]


def test_a_mark_that_cannot_be_made_keeps_no_ballast(gate: Gate, disk: Disk, tmp_path: Path, monkeypatch):
    """On a disk too full even for the mark the ballast is given up, and then the shares close."""
    disk.free_bytes = 2 * RESERVE
    gate.look()
    assert (tmp_path / "ballast").stat().st_size == RESERVE // 2

    def full(path: Path, mode: int = 0) -> None:
        if (tmp_path / "ballast").exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        path.write_text("")

    monkeypatch.setattr(Path, "touch", full)
    disk.free_bytes = 0
    with capture_logs() as logs:
        for _ in range(3):
            gate.look()
    assert not (tmp_path / "ballast").exists()
    assert (tmp_path / CLOSED_NAME).exists()
    assert events(logs) == ["local-fault", "space-low", "shares-closed"]


@pytest.mark.parametrize("left_bytes", [0, 1 << 20, 5 * RESERVE])
def test_a_ballast_of_another_size_is_made_anew(gate: Gate, disk: Disk, tmp_path: Path, left_bytes: int):
    """What a making cut short has left, or a larger ``free_space`` wanted, is no ballast; with little room it goes."""
    path = tmp_path / "ballast"

    def leave() -> None:
        path.write_bytes(b"")
        os.truncate(path, left_bytes)

    leave()
    with capture_logs() as logs:
        gate.look()
        assert path.stat().st_size == RESERVE // 2
        leave()
        disk.free_bytes = RESERVE + 1
        gate.look()
    assert (path.exists(), logs) == (False, [])


async def test_without_a_share_no_ballast_is_kept(tmp_path: Path):
    """When the last share has left the configuration, its half of the reserve is free again."""
    (tmp_path / "ballast").write_bytes(b"x")
    made = config(tmp_path, gateway={"state": tmp_path}, share=[])
    await samba.keep(made, files.open_spool(tmp_path))
    assert not (tmp_path / "ballast").exists()


class Clock:
    """Seconds, as the test says."""

    now_s = 0.0

    def __call__(self) -> float:
        """Return them."""
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    """A clock that stands."""
    return Clock()


@pytest.fixture
def told(tmp_path: Path, clock: Clock) -> Refusals:
    """The reader of a folder of logs."""
    return Refusals(tmp_path, clock)


def wrong(user: str) -> str:
    """What smbd logs of a login by an account that is not there."""
    status = "status [NT_STATUS_NO_SUCH_USER] workstation [P]"
    return f"  Auth: [SMB2,(null)] user [WORKGROUP]\\[{user}] at [Wed, 25 Nov 2026] with [NTLMv2] {status}\n"


def append(path: Path, text: str) -> None:
    """Write to the end of a log."""
    with path.open("a") as file:
        file.write(text)


def looked(told: Refusals) -> list[MutableMapping[str, Any]]:
    """What one look logs."""
    with capture_logs() as logs:
        told.look()
    return list(logs)


def test_a_refused_device_is_named_with_the_mend(told: Refusals, tmp_path: Path):
    """A line of smbd becomes one of ours: the device, why, and what to do. What is older is not told."""
    append(tmp_path / "10.0.0.8.log", SMB1)
    append(tmp_path / "smbd.log", SMB1)
    assert looked(told) == []
    append(tmp_path / "10.0.0.9.log", SMB1)
    [line] = looked(told)
    assert (line["event"], line["client"], line["why"], line["times"]) == ("smb-refused", "10.0.0.9", "smb1", 1)
    assert "legacy_smb1 = true" in line["reason"]
    assert "user" not in line
    append(tmp_path / "0.0.0.0.log", DENIED)
    assert [(line["client"], line["why"]) for line in looked(told)] == [("10.0.0.9", "client")]
    assert looked(told) == []


def test_a_storm_is_one_line_in_ten_minutes(told: Refusals, tmp_path: Path, clock: Clock):
    """The same refusal again and again is counted, not repeated; another device's is told at once."""
    looked(told)
    append(tmp_path / "10.0.0.9.log", SMB1 * 50)
    assert [line["times"] for line in looked(told)] == [1]
    append(tmp_path / "10.0.0.9.log", SMB1 * 50)
    append(tmp_path / "10.0.0.8.log", SMB1)
    assert [line["client"] for line in looked(told)] == ["10.0.0.8"]
    clock.now_s = 601
    append(tmp_path / "10.0.0.9.log", SMB1)
    assert [line["times"] for line in looked(told)] == [100]


def test_half_a_line_waits_for_its_end(told: Refusals, tmp_path: Path):
    """A look in the midst of smbd's write tells nothing twice and loses nothing."""
    looked(told)
    append(tmp_path / "10.0.0.9.log", DENIED[:9])
    assert looked(told) == []
    append(tmp_path / "10.0.0.9.log", DENIED[9:])
    assert len(looked(told)) == 1


def test_a_rotated_log_is_read_from_its_start(told: Refusals, tmp_path: Path):
    """A full log is renamed by smbd, which begins anew; an emptied one is read from its start as well."""
    path = tmp_path / "10.0.0.9.log"
    append(path, "x\n" * 1000)
    looked(told)
    path.rename(tmp_path / "10.0.0.9.log.old")
    append(path, SMB1)
    assert [line["why"] for line in looked(told)] == ["smb1"]
    path.write_text(DENIED)
    assert [line["why"] for line in looked(told)] == ["client"]


def test_a_folder_that_cannot_be_read_is_told_once(told: Refusals, tmp_path: Path):
    """Before samba-apply there is no folder of logs: one line says what to run, and it is read once it is there."""
    told.logs = tmp_path / "later"
    [line] = looked(told)
    assert line["event"] == "config-warning"
    assert "run scangate samba-apply" in line["what"]
    assert looked(told) == []
    told.logs.mkdir()
    append(told.logs / "10.0.0.9.log", SMB1)
    assert [line["why"] for line in looked(told)] == ["smb1"]


@pytest.mark.parametrize("kind", ["link", "fifo", "folder"])
def test_what_is_no_log_is_left_alone(told: Refusals, tmp_path: Path, kind: str):
    """A link, a pipe or a folder among the logs is not read, and holds nothing up."""
    path = tmp_path / "10.0.0.9.log"
    match kind:
        case "link":
            (tmp_path / "elsewhere").write_text("")
            path.symlink_to(tmp_path / "elsewhere")
        case "fifo":
            os.mkfifo(path)
        case _:
            path.mkdir()
    looked(told)
    if kind == "link":
        append(tmp_path / "elsewhere", SMB1)
    assert looked(told) == []


def test_made_up_names_do_not_fill_the_log(told: Refusals, tmp_path: Path, clock: Clock):
    """Who tries a thousand users is ten lines and one; another device is told all the same, and later both again."""
    looked(told)
    append(tmp_path / "10.0.0.9.log", "".join(wrong(f"user{number}") for number in range(1000)))
    lines = looked(told)
    assert [line["user"] for line in lines] == [*(f"user{number}" for number in range(10)), "…"]
    append(tmp_path / "10.0.0.9.log", wrong("other"))
    append(tmp_path / "10.0.0.8.log", wrong("other"))
    assert [line["client"] for line in looked(told)] == ["10.0.0.8"]
    clock.now_s = 601
    append(tmp_path / "10.0.0.9.log", wrong("other"))
    assert [line["user"] for line in looked(told)] == ["other"]


def test_made_up_addresses_do_not_fill_the_log(told: Refusals, tmp_path: Path, clock: Clock):
    """Who comes from ever new addresses of IPv6 is a thousand lines in ten minutes, and later told again."""
    looked(told)
    for first in (0, 700):
        lines = "".join(DENIED.replace("10.0.0.9", f"2001:db8::{n:x}") for n in range(first, first + 700))
        append(tmp_path / "0.0.0.0.log", lines)
        assert len(looked(told)) == min(700, 1000 - first)
    clock.now_s = 601
    append(tmp_path / "0.0.0.0.log", DENIED)
    assert len(looked(told)) == 1
