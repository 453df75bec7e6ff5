"""A share and a place for claims, for tests of taking and giving back."""

import os
from pathlib import Path

from hotfolder.arrival import ArrivedFile
from hotfolder.look import stamp_of


class Folders:
    """A share and the directory claims go to."""

    def __init__(self, root: Path) -> None:
        self.share = root / "share"
        self.claims = root / "claims"
        self.share.mkdir()
        self.claims.mkdir()

    def drop(self, name: str = "scan.pdf", content: bytes = b"a scan", folder: str = "") -> ArrivedFile:
        """Put a file into the share, or into a sub-folder of it, and offer it."""
        path = self.share / folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return ArrivedFile(path, stamp_of(path.stat()), folder=folder)

    def left(self) -> dict[str, bytes]:
        """What stands in the share, by name."""
        return {name: (self.share / name).read_bytes() for name in os.listdir(self.share)}
