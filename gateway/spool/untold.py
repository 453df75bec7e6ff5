"""The one failure of which no mail is written: what a machine answered would be answered by a machine again."""

from typing import Final

UNTOLD: Final = (
    "This mail is no scan but a notice of a scangate, a bounce, or another automatic reply. Nobody is written to about "
    "it, so that no loop begins."
)
"""The reason of such a job: set when its mail is read, known again when failures are told."""
