"""The mail about a held scan: it may have arrived, and somebody has to say whether it is sent again."""

from gateway.deliver.notice import Failure
from gateway.deliver.own_mail import Letterhead, own_mail


def compose(held: Failure, head: Letterhead) -> bytes:
    """Return the mail: what is known, whom to ask, and the two commands that decide."""
    job = held.job
    waiting = ", ".join(job.pending)
    lines = [
        "This scan was sent, and the connection was lost before the mail server had confirmed it. Nobody knows whether",
        f"it has reached {waiting}. It is not sent again before somebody says so.",
        "",
        f"Scan:      {', '.join(held.names) or 'unknown'}",
        f"Arrived:   {held.arrived_at:%Y-%m-%d %H:%M:%S} UTC",
        f"Came from: {job.origin}",
        f"Job:       {job.id} (on the box: scangate show {job.id})",
        "",
        f"What to do: ask {waiting} whether the scan is there.",
        "If it is not, the administrator of the box enters there:",
        f"    scangate retry {job.id}",
        "If it is:",
        f"    scangate drop {job.id}",
    ]
    return own_mail(head, f"Scan held, it may have arrived ({job.id})", lines)
