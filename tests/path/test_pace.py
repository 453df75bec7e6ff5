"""The whole box keeps a mailbox's limits, however it ends."""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from tests.path.box import Box
from tests.path.test_methods import scan_to
from tests.path.upstreams import by_password
from tests.peers.certificates import Certificates
from tests.peers.loopback import wait_until
from tests.peers.postfix import Postfix

DAY_S = 86_400


def test_row_19_kill_9_frees_no_quota(
    make_box: Callable[..., Box], postfix: Postfix, certificates: Certificates, password_file: Path
):
    """Row 19: killed after each mail, a box of two recipients a day sends two; the third waits for a day to pass."""
    table = by_password(postfix.port, certificates.authority_file, password_file) + "recipients_per_day = 2\n"
    box = make_box(table)
    before = time.time()
    for number in (1, 2):
        box.start()
        scan_to(box, f"pace{number}@contoso.com")
        postfix.wait_for_mails(f"pace{number}@contoso.com", 1, timeout_s=40)
        wait_until(lambda: box.queue() == [], 20, "the end of the job")
        box.kill()
    box.start()
    scan_to(box, "pace3@contoso.com")
    wait_until(lambda: [job["state"] for job in box.queue()] == ["deferred"], 30, "the third scan deferred")
    (job,) = box.queue()
    again_at = datetime.fromisoformat(job["next_try_at"]).timestamp()
    assert before + DAY_S < again_at < time.time() + DAY_S
    assert job["attempts"] == 0
    assert again_at < datetime.fromisoformat(job["given_up_at"]).timestamp()
    assert box.status()["routes"][0]["waiting"] == 1
    box.stop()
    assert postfix.mails("pace3@contoso.com") == []
