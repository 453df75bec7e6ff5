"""The one failure of which no mail is written: an answer by machine would be answered by a machine again."""

from typing import Final

UNTOLD: Final = (
    "The mail is an automatic reply or a bounce and holds no scan. Nobody is written to about it, "
    "so that no loop begins."
)
"""The reason of such a job: set when its mail is read, known again when failures are told."""
