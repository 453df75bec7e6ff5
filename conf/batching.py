"""Rules on how a share puts the pages of one scan together."""

from collections.abc import Iterator

from conf import units
from conf.finding import Finding
from conf.lines import KeyPath
from conf.model import Share


def batching(share: Share, at: KeyPath) -> Iterator[Finding]:
    """Yield what is wrong or doubtful about the batches of this share, which stands at ``at``."""
    if share.batch == "off":
        return
    if share.batch == "folder" and share.folders == "address":
        what = 'cannot be "folder" with folders = "address": a sub-folder is either one scan, or the person who gets it'
        yield Finding((*at, "batch"), what)
    if share.sidecars:
        what = (
            f'cannot be "{share.batch}" with sidecars = true: a sidecar belongs to one file, and a scan here has many'
        )
        yield Finding((*at, "batch"), what)
    if share.page_gap <= share.quiet:
        what = (
            f"is no longer than quiet ({units.written_seconds(share.quiet)}), when a page only counts as finished: "
            "each page would be a scan of its own; 20s suits most devices"
        )
        yield Finding((*at, "page_gap"), what, is_warning=True)
