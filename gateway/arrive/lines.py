"""The lines of a dialogue, off a reader that holds only so much."""

import asyncio


async def next_line(reader: asyncio.StreamReader) -> bytes | None:
    """Return the next line with its LF; None for one over the reader's limit, which is read to its end all the same.

    Raises asyncio.IncompleteReadError when the connection ends first.
    """
    is_long = False
    while True:
        try:
            line = await reader.readuntil()
        except asyncio.LimitOverrunError as error:
            await reader.readexactly(error.consumed)
            is_long = True
        else:
            return None if is_long else line
