"""Which mails are answers by machine: bounces and automatic replies (RFC 3834, RFC 3462)."""

import email.message

from conf.model import Address


def is_reply(headers: email.message.Message, sender: Address | None) -> bool:
    """Tell whether a mail answers another by machine; ``sender`` is its return path, None for the null one.

    A device's own report may be marked as automatic, or have no return path: one of these alone proves nothing.
    """
    marked = str(headers.get("Auto-Submitted", "")).partition(";")[0].strip().lower()
    if marked == "auto-replied" or headers.get_content_type() == "multipart/report":
        return True
    is_automatic = marked not in {"", "no"} or sender is None
    answers = any(str(headers.get(key, "")).strip() for key in ("In-Reply-To", "References", "X-Failed-Recipients"))
    return is_automatic and answers
