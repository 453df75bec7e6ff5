"""A process that takes one mail apart and tells its peak memory, in bytes, before and after: ``FOLDER MEGABYTES``."""

import base64
import resource
import sys
from pathlib import Path

from gateway.normalise.parts import split
from tests.gateway.normalise.mails import multipart

HEAD = b"Content-Type: application/octet-stream; name=scan.tif\r\nContent-Transfer-Encoding: "


def write(path: Path, megabytes: int, encoding: bytes) -> None:
    """Write a mail whose one attachment makes it so large, in one line where the encoding allows it."""
    block = b"II*\0" + bytes(range(256)) * 12 + b"\1\2\3\4\5"
    coded = {
        b"base64": base64.b64encode(block[:3072]),
        b"quoted-printable": b"=49" * 1000,
        b"binary": block,
        b"7bit": b"M" + b"0" * 60 + b"\n",
    }[encoding]
    head, tail = multipart(HEAD + encoding + b"\r\n\r\n\0").split(b"\0")
    with path.open("wb") as file:
        file.write(head)
        if encoding == b"7bit":
            file.write(b"begin 644 scan.tif\n")
        for _ in range(megabytes * 1_000_000 // len(coded)):
            file.write(coded)
        file.write(tail)


def peak_bytes() -> int:
    """The peak memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    """Take apart a mail of 1 MB, then a large one."""
    folder, megabytes = Path(sys.argv[1]), int(sys.argv[2])
    for encoding in (b"base64", b"quoted-printable", b"binary", b"7bit"):
        for size in (1, megabytes):
            source, into = folder / "mail", folder / f"{encoding.decode()}-{size}"
            into.mkdir()
            write(source, size, encoding)
            (part,) = split(source, into).parts
            part.path.unlink()
            sys.stdout.write(f"{peak_bytes()} {part.size_bytes}\n")


if __name__ == "__main__":
    main()
