"""A small disk of its own: ext4 on a loop device, which can fill up, turn read-only, and lose its power."""

import os
import shutil
import subprocess
import types
from pathlib import Path
from typing import Final, Self


class Disk:
    """An ext4 file system mounted at ``folder/disk``, from construction until the end of its block. Needs root."""

    def __init__(self, folder: Path, size_bytes: int = 32 << 20, image: Path | None = None):
        """Make and mount it; with ``image`` mount what another disk left."""
        self.path: Final = folder / "disk"
        self.image: Final = image or folder / "disk.image"
        self.path.mkdir(exist_ok=True)
        if image is None:
            with self.image.open("wb") as made:
                made.truncate(size_bytes)
            # No blocks are kept for root, who runs the tests: full means full.
            subprocess.run(["mkfs.ext4", "-q", "-m", "0", str(self.image)], check=True)
        subprocess.run(["mount", "-o", "loop", str(self.image), str(self.path)], check=True)
        shutil.rmtree(self.path / "lost+found", ignore_errors=True)

    def __enter__(self) -> Self:
        """Mounted."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        """Unmount, though a file should still be open."""
        if os.path.ismount(self.path):
            subprocess.run(["umount", "--lazy", str(self.path)], check=True)

    def fill(self, leave_bytes: int = 0) -> Path:
        """Fill it up to its last block but so much; return the file that does."""
        filler = self.path / ".filler"
        with filler.open("wb", buffering=0) as out:
            free = os.statvfs(self.path)
            os.posix_fallocate(out.fileno(), 0, max(1, free.f_bavail * free.f_frsize - leave_bytes - (64 << 10)))
            if not leave_bytes:
                out.seek(0, os.SEEK_END)
                try:
                    while out.write(b"x" * 512):
                        os.fsync(out.fileno())
                except OSError:
                    pass
        return filler

    def remount(self, mode: str) -> None:
        """Mount it again as ``ro`` or ``rw``, as a failing card does or an admin."""
        subprocess.run(["mount", "-o", f"remount,{mode}", str(self.path)], check=True)

    def cut_power(self, copy: Path) -> Path:
        """Keep what has reached the disk in this moment, and nothing of what the system only remembers."""
        shutil.copyfile(self.image, copy)
        return copy
