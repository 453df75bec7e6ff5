"""smb.conf on disk is at every instant the old one or the new one, and somebody else's is never lost."""

from pathlib import Path

import pytest

from gateway.operate import samba_files
from gateway.operate.samba_files import put, write_draft
from gateway.spool import durable
from hotfolder.samba import DRAWN

FOREIGN = "[global]\n  workgroup = THEIRS\n"
OURS = f"{DRAWN}/etc/scangate/gateway.toml.\n[global]\n"


class CrashError(Exception):
    """The process ends here."""


def _steps(path: Path) -> list[str]:
    """The durable steps of one replacement, by running it."""
    seen: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(durable, "checkpoint", seen.append)
        _replace(path)
    return seen


def _replace(path: Path) -> Path | None:
    return put(write_draft(path, OURS), path, samba_files.current(path))


def test_a_crash_at_any_step_leaves_one_of_the_two(tmp_path: Path):
    """Wherever it stops, smb.conf is whole, what was there before is kept once, and the next run finishes."""
    first = tmp_path / "count" / "smb.conf"
    first.parent.mkdir()
    first.write_text(FOREIGN)
    steps = _steps(first)
    assert len(steps) > 5
    for number in range(len(steps)):
        path = tmp_path / str(number) / "smb.conf"
        path.parent.mkdir()
        path.write_text(FOREIGN)
        left = number

        def stop(_step: str) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise CrashError

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(durable, "checkpoint", stop)
            with pytest.raises(CrashError):
                _replace(path)
        assert path.read_text() in {FOREIGN, OURS}
        if path.read_text() == FOREIGN:
            _replace(path)
        assert path.read_text() == OURS
        assert [one.read_text() for one in path.parent.glob("*.before-scangate*")] == [FOREIGN]
        assert not list(path.parent.glob("*.scangate-new"))


def test_nothing_kept_is_overwritten(tmp_path: Path):
    """A name that is taken, be it by a link that leads nowhere, is left alone."""
    path = tmp_path / "smb.conf"
    path.write_text(FOREIGN)
    (tmp_path / "smb.conf.before-scangate").symlink_to(tmp_path / "nowhere")
    (tmp_path / "smb.conf.before-scangate-2").write_text("older")
    assert _replace(path) == tmp_path / "smb.conf.before-scangate-3"
    assert (tmp_path / "smb.conf.before-scangate-2").read_text() == "older"
    assert (tmp_path / "smb.conf.before-scangate").is_symlink()


def test_our_own_file_is_replaced_without_a_copy(tmp_path: Path):
    """A file that scangate has drawn is not worth keeping."""
    path = tmp_path / "smb.conf"
    path.write_text(OURS)
    assert _replace(path) is None
    assert [one.name for one in tmp_path.iterdir()] == ["smb.conf"]
