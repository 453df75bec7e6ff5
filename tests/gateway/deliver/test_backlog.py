"""What waits for an upstream, and how long still."""

from pathlib import Path

from gateway.deliver.backlog import backlogs, is_last_day
from tests.gateway.deliver.given import addresses, box, config, direct

DAY_S = 86400.0


async def test_each_upstream_has_its_own(tmp_path: Path):
    """Jobs count for the upstreams their waiting recipients go to; the first to be given up is the oldest."""
    tables = [direct(25, tmp_path / "ca.pem", name=name, domains=[f"{name}.com"]) for name in ("a", "b", "c")]
    settings = config(tmp_path, *[{**one, "ca_file": None} for one in tables], delivery={"lifetime": "2d"})
    async with box(settings) as here:
        first = here.job(here.ready(*addresses("x@a.com", "x@b.com")))
        second = here.job(here.ready(*addresses("y@a.com")))
        found = backlogs(settings, [second, first])
        assert {name: one.jobs for name, one in found.items()} == {"a": 2, "b": 1}
        assert found["a"].given_up_at == min(first.created_at, second.created_at) + 2 * DAY_S


def test_the_warning_comes_a_day_before():
    """A day before the end; with a lifetime of less than two days after half of it, so never at its start."""
    assert [is_last_day(1e9, 5 * DAY_S, 1e9 - left) for left in (DAY_S + 1, DAY_S, 0, -1)] == [False, True, True, True]
    assert [is_last_day(1e9, DAY_S, 1e9 - left) for left in (DAY_S, DAY_S / 2)] == [False, True]
