"""The private smbd: what devices do to a share really happens in its folder."""

from pathlib import Path

import pytest
from smbprotocol.exceptions import SMBException, SMBResponseException

from tests.peers import scans
from tests.peers.loopback import is_listening, wait_until
from tests.peers.samba import SHARE, Samba
from tests.peers.smb_client import SmbClient


def test_a_file_put_by_smbclient_arrives(samba: Samba, tmp_path: Path):
    """A healthy device's file stands in the shared folder, byte for byte, under its name."""
    scan = scans.tiff_g4(1, 100)
    (tmp_path / "local").write_bytes(scan)
    samba.put(tmp_path / "local", "Scan 001.tif")
    assert (samba.share_dir / "Scan 001.tif").read_bytes() == scan
    assert "Scan 001.tif" in samba.run("ls")


def test_a_refused_command_is_told(samba: Samba, tmp_path: Path):
    """A name SMB cannot carry makes `put` fail and leaves nothing."""
    (tmp_path / "local").write_bytes(b"x")
    with pytest.raises(RuntimeError, match="NT_STATUS_OBJECT_NAME_INVALID"):
        samba.put(tmp_path / "local", "a:b.pdf")
    assert list(samba.share_dir.iterdir()) == []


def test_a_wrong_password_is_refused(samba: Samba):
    """Neither a wrong password nor an unknown user gets in, not even as a guest."""
    for user, password in ((samba.user, "wrong"), ("nobody-known", "x"), ("nobody-known", "")):
        done = samba.attempt("ls", user, password)
        assert "NT_STATUS_LOGON_FAILURE" in done.stdout + done.stderr
    with pytest.raises(SMBException, match=r"LOGON_FAILURE|0xc000006d"):
        SmbClient(samba.port, SHARE, samba.user, "wrong")


def test_smb1_is_refused(samba: Samba):
    """A device that speaks SMB1 only is refused at the first step."""
    done = samba.attempt("ls", samba.user, samba.password, "--option=client min protocol=NT1", "-m", "NT1")
    assert "NT_STATUS_" in done.stdout + done.stderr
    assert done.returncode != 0


def test_a_slow_writer_is_seen_growing(samba: Samba):
    """What the test writes piece by piece lies in the folder piece by piece."""
    path = samba.share_dir / "slow.tif"
    with samba.client() as device, device.open("slow.tif", b"x" * 300_000) as writer:
        assert path.stat().st_size == 0
        assert writer.write(100_000) == 200_000
        assert path.stat().st_size == 100_000
        assert writer.write() == 0
        assert path.stat().st_size == 300_000


def test_a_killed_writer_leaves_its_part(samba: Samba):
    """A device that dies leaves the part it has written, and smbd closes the file."""
    device = samba.client()
    writer = device.open("dead.pdf", b"x" * 200_000)
    writer.write(150_000)
    device.kill()
    path = samba.share_dir / "dead.pdf"
    wait_until(lambda: not _has_writer(path), 10, "smbd to close the file")
    assert path.stat().st_size == 150_000


def test_size_first_then_content(samba: Samba):
    """A copying tool that sets the end of file first shows the final size with nothing in it."""
    path = samba.share_dir / "copied.pdf"
    with samba.client() as device, device.open("copied.pdf", b"x" * 131_072) as writer:
        writer.set_size(1_000_000)
        assert path.stat().st_size == 1_000_000
        assert path.stat().st_blocks == 0
        writer.write()
        assert path.stat().st_blocks >= 131_072 // 512


def test_a_temporary_name_then_the_real_one(samba: Samba):
    """A file written as .part and renamed while open, and a later append to it, end up as one file."""
    with samba.client() as device:
        with device.open("scan.part", b"one") as writer:
            writer.write()
            writer.rename("scan.pdf")
        with device.open("scan.pdf", b"two", append_at=3) as writer:
            writer.write()
    assert [one.name for one in samba.share_dir.iterdir()] == ["scan.pdf"]
    assert (samba.share_dir / "scan.pdf").read_bytes() == b"onetwo"


def test_a_file_that_is_not_there_cannot_be_appended_to(samba: Samba):
    """Appending to nothing is the server's refusal, not a new file."""
    with samba.client() as device, pytest.raises(SMBResponseException):
        device.open("missing.pdf", append_at=0)


def test_scans_belong_to_the_owner_asked_for(tmp_path: Path):
    """With another owner every file becomes that account's, whoever the device logs in as."""
    with Samba(owner="daemon") as samba:
        (tmp_path / "local").write_bytes(b"x")
        samba.put(tmp_path / "local", "x.pdf")
        assert (samba.share_dir / "x.pdf").owner() == "daemon"


def test_a_given_folder_survives_the_server(tmp_path: Path):
    """A folder given to share is served, and still there with its files after the server has gone."""
    shared = tmp_path / "shared"
    shared.mkdir()
    with Samba(shared) as samba:
        samba.put(Path(__file__), "kept.txt")
        port = samba.port
        samba.stop()
        assert not is_listening(port)
        samba.start()
        assert "kept.txt" in samba.run("ls")
    assert (shared / "kept.txt").exists()
    assert not samba.folder.exists()
    assert not is_listening(port)


def _has_writer(path: Path) -> bool:
    """Does any process hold this file open?"""
    for handle in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if handle.samefile(path):
                return True
        except OSError:
            continue
    return False
