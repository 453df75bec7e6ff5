"""What the cases share: a watcher of a real smbd's folder."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.hotfolder.watching import BY_EVENTS_ALONE, Watching
from tests.peers.samba import Samba


@pytest.fixture
def watching(samba: Samba, tmp_path: Path) -> Watching:
    """The share of a real smbd under watch; events bring the looks, and its clock can be moved."""
    return Watching(tmp_path, pace=replace(BY_EVENTS_ALONE, pending_s=0.2), share_dir=samba.share_dir)
