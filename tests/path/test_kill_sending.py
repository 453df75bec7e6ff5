"""Kill -9 at every step of a delivery to a real smarthost: nothing lost, and twice only what is marked uncertain."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.path.box import Box
from tests.path.test_kill import by_share, start_stopping_at
from tests.path.upstreams import relay
from tests.peers.certificates import Certificate, Certificates
from tests.peers.loopback import wait_until
from tests.peers.postfix import Postfix


def kill_and_count(box: Box, endpoint: Postfix, step: int, name: str) -> None:
    """Kill the box at one step, start it again, and hold how often its scan has reached the smarthost."""
    recipient = f"step{step}@contoso.com"
    start_stopping_at(box, step)
    by_share(box)
    running = box.process
    assert running is not None
    wait_until(lambda: not running.is_running(), 60, f"kill at step {step} ({name})")
    box.kill()
    box.start()
    wait_until(lambda: box.is_at_rest() and not box.scans_left(), 60, f"rest after step {step} ({name})")
    box.stop()
    count = len(endpoint.wait_for_mails(recipient, 1))
    is_marked = "event=job-uncertain" in box.log
    assert count == 1 or (count == 2 and is_marked), (step, name, count)


def test_kill_at_every_step_of_a_delivery(
    make_box: Callable[..., Box], server_certificate: Certificate, certificates: Certificates
):
    """Whatever step a kill hits, the scan reaches the smarthost; twice at most, and then the log says uncertain."""
    with Postfix(server_certificate) as endpoint:
        upstream = relay(endpoint.port, certificates.authority_file)
        first = make_box(upstream, to=["step0@contoso.com"])
        steps = start_stopping_at(first, 0)
        by_share(first)
        endpoint.wait_for_mails("step0@contoso.com", 1)
        first.waits_for_event("job-sent")
        first.stop()
        names = steps.read_text(encoding="utf-8").splitlines()
        begin = names.index("before make_ready") + 1
        assert len(names) - begin > 5
        with ThreadPoolExecutor(max_workers=4) as several:
            ends = [
                several.submit(kill_and_count, make_box(upstream, to=[f"step{step}@contoso.com"]), endpoint, step, name)
                for step, name in enumerate(names, start=1)
                if step >= begin
            ]
        for end in ends:
            end.result()
