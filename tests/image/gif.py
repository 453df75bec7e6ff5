"""GIFs written by hand for the tests."""


def gif(
    width: int,
    height: int,
    colours: bytes,
    pixels: bytes,
    place: tuple[int, int, int, int] | None = None,
    control: bytes = b"",
    local: bytes = b"",
) -> bytes:
    """A GIF of one picture, ``pixels`` being its indices; ``place`` is left, top, width, height on the screen.

    ``control`` is the body of a graphic control extension, ``local`` the picture's own colours.
    """
    place = place or (0, 0, width, height)
    head = b"GIF89a" + _shorts(width, height) + bytes([0x80 | _power(colours), 0, 0]) + _padded(colours)
    extension = b"!\xf9\x04" + control + b"\x00" if control else b""
    flags = 0x80 | _power(local) if local else 0
    return head + extension + b"," + _shorts(*place) + bytes([flags]) + _padded(local) + coded(pixels) + b";"


def coded(pixels: bytes) -> bytes:
    """The data of a picture of up to 256 colours, in codes of nine bits that are never made longer."""
    codes = [code for index, pixel in enumerate(pixels) for code in ([256, pixel] if index % 250 == 0 else [pixel])]
    bits = sum(code << 9 * index for index, code in enumerate([*codes, 257]))
    data = bits.to_bytes((9 * len(codes) + 16) // 8, "little")
    blocks = [data[at : at + 255] for at in range(0, len(data), 255)]
    return b"\x08" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\x00"


def _shorts(*values: int) -> bytes:
    return b"".join(value.to_bytes(2, "little") for value in values)


def _power(colours: bytes) -> int:
    """The size of a table as GIF writes it: 0 for two colours, 7 for 256."""
    return max(1, (len(colours) // 3 - 1).bit_length()) - 1


def _padded(colours: bytes) -> bytes:
    return colours.ljust(3 << _power(colours) + 1, b"\x00") if colours else b""
