"""The life of a child of the fork server: reads one request, is confined, does it, answers, and ends."""

import os
import traceback
from dataclasses import replace
from typing import NoReturn, assert_never

from image.confined.confine import confine, tie_to
from image.confined.exchange import (
    Answer,
    Request,
    Task,
    Thumbnails,
    answer_to_json,
    progress_to_json,
    request_from_json,
)
from image.document import Document, Limits
from image.errors import ScanError, ScanFault

CRASHED = (
    "The PDF of this scan could not be finished ({error}), a fault of the gateway. Please tell your administrator."
)
UNSEARCHED = "Blank pages could not be looked for ({error}); all pages are here."

_TALK = 3
"""The descriptor for request and answer, behind the three that every process has."""

_REQUEST_BYTES = 64 * 1024


def run(server_pid: int, talk: int, complaints: int) -> NoReturn:
    """Answers the request on the socket ``talk``, in a process that ``server_pid`` has just forked.

    Progress and the answer go back on it; the process's own output, a traceback too, goes to ``complaints``. It ends
    with code 0 after an answer, and without the clean-up that belongs to the server it is a copy of.
    """
    code = 1
    try:
        _keep_only(talk, complaints)
        if tie_to(server_pid):
            _write(answer_to_json(_answer(request_from_json(_read()))))
            code = 0
    except BaseException:  # noqa: BLE001 -- whatever it was, this copy of the server ends here
        traceback.print_exc()
    finally:
        os._exit(code)


def _answer(request: Request) -> Answer:
    try:
        confine(request)
        match request.task:
            case Task.CONVERT:
                from image.convert import to_pdf

                sources, out, limits, recipe = request.sources, request.out, request.limits, request.recipe
                progress = _tell if request.is_watched else None
                document = to_pdf(sources, out, limits, request.made_at, recipe, progress=progress)
                return _without_blanks(document, limits) if recipe.drops_blanks else document
            case Task.FIT:
                from image.fit.finish import fit

                assert request.document is not None
                assert request.budget is not None
                return fit(request.document, request.budget, request.limits)
            case Task.THUMBNAILS:
                from image.pdf.thumbnails import thumbnails

                return Thumbnails(thumbnails(request.out, request.pages))
            case _:
                assert_never(request.task)
    except (ScanError, OSError, MemoryError, ImportError) as error:
        from image.convert import as_promised

        return as_promised(error)
    except Exception as error:  # noqa: BLE001 -- the one broad catch, around one job: told at once, not tried for days
        traceback.print_exc()
        return ScanError(ScanFault.CRASHED, CRASHED.format(error=type(error).__name__))


def _without_blanks(document: Document, limits: Limits) -> Document:
    """``document`` without its blank pages; as it is, with a note, when it cannot be told which they are."""
    from image.fit.finish import drop_blanks

    try:
        return drop_blanks(document, limits)
    except (ScanError, MemoryError) as error:
        return replace(document, notes=(*document.notes, UNSEARCHED.format(error=error)))


def _keep_only(talk: int, complaints: int) -> None:
    """Closes all that is the server's, its line to the service and the sockets of other jobs before all."""
    os.dup2(1, 0)  # the server's output goes nowhere
    # What libraries print must not get between the answer's lines.
    os.dup2(complaints, 1)
    os.dup2(complaints, 2)
    os.dup2(talk, _TALK)
    os.closerange(_TALK + 1, os.sysconf("SC_OPEN_MAX"))


def _tell(done: int, total: int) -> None:
    _write(progress_to_json(done, total))


def _read() -> bytes:
    data = b""
    while piece := os.read(_TALK, _REQUEST_BYTES):
        data += piece
    return data


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(_TALK, data) :]
