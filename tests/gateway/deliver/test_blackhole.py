"""A smarthost whose address swallows every packet holds up nobody else."""

import subprocess
import sys
from pathlib import Path

from gateway.deliver import session
from tests.gateway.command import ROOT, environment
from tests.peers.certificates import Certificate

IN_NAMESPACE = """
ip link set lo up && ip link add hole type veth peer name far && ip link set hole up && ip link set far up &&
ip address add 192.0.2.1/24 dev hole && ip neighbour add 192.0.2.9 lladdr 02:00:00:00:00:09 dev hole &&
exec "$0" -c "$1" "$2" "$3" "$4" "$5"
"""
"""At the far end of the cable nobody has this address: a SYN is never answered."""

CHILD = """
import asyncio, pathlib, socket, ssl, sys
from gateway.deliver import session
from gateway.spool.job import State
from tests.gateway.deliver.given import OFFICE, box, config, direct
from tests.peers.exchange import Exchange

folder, chain, key, authority = (pathlib.Path(one) for one in sys.argv[1:5])
real = socket.getaddrinfo
socket.getaddrinfo = lambda host, *more, **keys: real("192.0.2.9" if host == "hole.example" else host, *more, **keys)
session.CONNECT_TIMEOUT_S = 5.0

async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    async with Exchange(context, needs_login=False) as exchange:
        hole = direct(25, authority, name="hole", host="hole.example")
        well = direct(exchange.port, authority, name="well", domains=["fabrikam.com"])
        async with box(config(folder, hole, well)) as here, here.delivering():
            here.deliverer.at_once = here.routes.at_once  # as the service has it
            held = [here.ready(OFFICE) for _ in range(4)]
            for number in range(3):
                job_id = here.ready(f"{number}@fabrikam.com")
                here.deliverer.wake.set()
                await here.comes_to(job_id, State.SENT)
            assert {here.job(one).state for one in held} == {State.READY}, "it was no black hole"
            job = await here.comes_to(held[0], State.DEFERRED)
            assert "hole.example:25 cannot be reached" in job.reason, job.reason
            assert job.attempts == 0
            assert here.traffic.pauses()["hole"].kind == "outage"
    print("done")

asyncio.run(main())
"""


def test_row_2_a_black_hole_holds_up_its_own_scans_only(server_certificate: Certificate, tmp_path: Path):
    """Row 2: a connect that nobody answers ends as an outage (in 30 s, here in 5); other upstreams deliver on."""
    assert session.__dict__["CONNECT_TIMEOUT_S"] <= 30
    shown = server_certificate
    argv = ["unshare", "--net", "sh", "-c", IN_NAMESPACE, sys.executable, CHILD]
    done = subprocess.run(
        [*argv, str(tmp_path), str(shown.chain), str(shown.key), str(shown.authority)],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.endswith("done\n"), done.stderr
