"""Runs scangate with its long times made short: ``python brisk.py run --config FILE``, times in seconds in BRISK.

``BRISK="empty_s=2 unknown_s=1"`` are fields of ``hotfolder.settle.Rule``. STATUS.txt, alerts and tellings follow within
a second. ``HOUR_S=10`` makes the hour in which the mails about failures are bounded so short, ``PERSON_S=1`` the time
after which a fault of an upstream that needs a person is told of.
"""

import functools
import os
from typing import Any

from gateway import cli
from gateway.deliver import alert, flood, post, route_alert, route_letter, tell
from gateway.screen.due import Pace
from hotfolder.settle import Rule


def _with(made: type[Any], **values: float) -> None:
    """Have every value of a record made with these fields, whatever it is asked for."""
    real = made.__init__

    @functools.wraps(real)
    def begin(self: Any, *args: Any, **kwargs: Any) -> None:
        real(self, *args, **{**kwargs, **values})

    made.__init__ = begin


def main() -> None:
    """Shorten the times and run the command line."""
    pairs = (pair.split("=") for pair in os.environ.get("BRISK", "").split())
    _with(Rule, **{name: float(seconds) for name, seconds in pairs})
    _with(Pace, look_s=0.2, least_s=0.2, longest_s=600.0)
    alert._LOOK_S = tell._LOOK_S = route_alert._LOOK_S = 0.5  # type: ignore[misc]
    if "PERSON_S" in os.environ:
        route_letter._PERSON_S = float(os.environ["PERSON_S"])  # type: ignore[misc]
    if "HOUR_S" in os.environ:
        flood.HOUR_S = post.HOUR_S = float(os.environ["HOUR_S"])  # type: ignore[misc, attr-defined]
    cli.main()


if __name__ == "__main__":
    main()
