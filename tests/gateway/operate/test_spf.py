"""The SPF record to publish: merged with what stands there, table by table, and whatever stands there."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.operate.spf import Merged, merge_spf, strings

IP = "203.0.113.7"
OURS = f"ip4:{IP}"
MS = "include:spf.protection.outlook.com"


@pytest.mark.parametrize(
    ("published", "ip", "record"),
    [
        ([], IP, f"v=spf1 {OURS} {MS} ~all"),
        ([], None, f"v=spf1 {MS} ~all"),
        ([], "2001:db8::1", f"v=spf1 ip6:2001:db8::1 {MS} ~all"),
        (["MS=ms1", "v=spf10 all"], IP, f"v=spf1 {OURS} {MS} ~all"),
        ([f"v=spf1 {MS} -all"], IP, f"v=spf1 {OURS} {MS} -all"),
        ([f"v=spf1 {MS} -all"], None, f"v=spf1 {MS} -all"),
        (["V=SPF1 +INCLUDE:SPF.protection.outlook.com ?all"], None, "v=spf1 +INCLUDE:SPF.protection.outlook.com ?all"),
        (["v=spf1 mx -all"], IP, f"v=spf1 {OURS} mx {MS} -all"),
        (["v=spf1 mx"], IP, f"v=spf1 {OURS} mx {MS} ~all"),
        (["v=spf1"], IP, f"v=spf1 {OURS} {MS} ~all"),
        (["v=spf1 ip4:203.0.113.0/24 ~all"], IP, f"v=spf1 ip4:203.0.113.0/24 {MS} ~all"),
        (["v=spf1 +ip4:203.0.113.7 ip4:192.0.2.1 ~all"], IP, f"v=spf1 +ip4:203.0.113.7 ip4:192.0.2.1 {MS} ~all"),
        (["v=spf1 -ip4:203.0.113.0/24 ~all"], IP, f"v=spf1 {OURS} -ip4:203.0.113.0/24 {MS} ~all"),
        (["v=spf1 ~all ip4:203.0.113.7"], IP, f"v=spf1 {OURS} {MS} ~all"),
        (["v=spf1 redirect=_spf.example.net"], IP, f"v=spf1 {OURS} {MS} redirect=_spf.example.net"),
        (["v=spf1 redirect=spf.protection.outlook.com"], IP, f"v=spf1 {OURS} redirect=spf.protection.outlook.com"),
        (["v=spf1 exists:%{i}._spf.%{d} -all"], IP, f"v=spf1 {OURS} exists:%{{i}}._spf.%{{d}} {MS} -all"),
        (["v=spf1 a -all", f"v=spf1 {MS} a ~all"], IP, f"v=spf1 {OURS} a {MS} -all"),
        ([], "<public IP>", f"v=spf1 ip4:<public IP> {MS} ~all"),
    ],
)
def test_merged(published, ip, record):
    """What is published stays in its order, ours is added where it counts, and once."""
    assert merge_spf(published, ip).record == record


@pytest.mark.parametrize(
    ("published", "said"),
    [
        (["v=spf1 a -all", "v=spf1 mx -all"], "2 SPF records"),
        ([f"v=spf1 {' '.join(f'include:{n}.example' for n in range(10))} -all"], "11 lookups"),
        (["v=spf1 include:a.example -all"], "2 lookups, and the records"),
        (["v=spf1 -all"], "ends in -all"),
        (["v=spf1 all"], "anybody may send"),
        (["v=spf1 redirect=a.example ~all"], "redirect= counts for nothing"),
        (["v=spf1 ~all mx"], "behind ~all counts for nothing"),
        (["v=spf1 ipv4:192.0.2.1 ~all"], "know no ipv4:192.0.2.1"),
        ([f"v=spf1 {' '.join(f'ip4:192.0.2.{n}' for n in range(40))} ~all"], "may not fit"),
    ],
)
def test_remarks(published, said):
    """What a person should know of the record is said."""
    assert said in " ".join(merge_spf(published, IP).remarks)


def test_nothing_to_change():
    """A record that lets both send stays, and has nothing said of it."""
    record = f"v=spf1 {OURS} {MS} ~all"
    assert merge_spf(["MS=ms1", record], IP) == Merged(record, (), is_as_published=True)


TERMS = st.sampled_from(
    ["a", "mx", MS, OURS, "-all", "~all", "redirect=x.example", "exp=y", "ip4:x", "exists:%{i}", "?"]
)
RECORDS = st.lists(
    st.one_of(
        st.text(), st.lists(st.one_of(TERMS, st.text(max_size=9)), max_size=8).map(lambda t: " ".join(["v=spf1", *t]))
    )
)


@given(RECORDS)
@example(["V=SPF1 ALL ip4:203.0.113.7"])
def test_whatever_is_published(published):
    """No record breaks it; merging what was merged changes nothing; nothing published before the end is dropped."""
    first = merge_spf(published, IP)
    again = merge_spf([first.record], IP)
    assert (again.record, again.is_as_published) == (first.record, True)
    assert all(
        term in first.record.split()
        for text in published
        if text.startswith("v=spf1 ")
        for term in text.split()
        if term in {"a", "mx"}
    )


@given(st.text())
def test_strings(record):
    """Joined again they are the record, and none is longer than a TXT record's string may be."""
    cut = [part.encode() for part in strings(record.encode("ascii", "ignore").decode())]
    assert b"".join(cut) == record.encode("ascii", "ignore")
    assert all(len(part) <= 255 for part in cut)
