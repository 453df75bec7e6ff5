import shlex
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conf.model import Address, Config, Samba, Share
from hotfolder.samba import DRAWN, FOLDERS, Server, Site, draw, is_drawn, needs_restart, served
from tests.hotfolder.served import SOURCE, config, drawn, sections, share, site

TWO = config(share(), share("old", legacy_smb1=True), interfaces=["192.168.1.50"], legacy_address="192.168.1.51")

LOCKED = {
    "server role": "standalone server",
    "smb ports": "445",
    "disable netbios": "yes",
    "map to guest": "never",
    "restrict anonymous": "2",
    "load printers": "no",
    "server min protocol": "SMB2_02",
    "ntlm auth": "ntlmv2-only",
    "oplocks": "no",
    "level2 oplocks": "no",
    "smb2 leases": "no",
    "kernel oplocks": "no",
    "durable handles": "no",
    "strict allocate": "no",
    "unix extensions": "no",
    "follow symlinks": "no",
    "wide links": "no",
    "store dos attributes": "no",
    "ea support": "no",
    "deadtime": "15",
    "socket options": "TCP_NODELAY SO_KEEPALIVE TCP_KEEPIDLE=30 TCP_KEEPINTVL=10 TCP_KEEPCNT=3 TCP_USER_TIMEOUT=60000",
    "hosts allow": "192.168.1.40",
    "hosts deny": "ALL",
}


def test_the_main_server_is_locked():
    """Every setting that a hot folder needs, or that keeps strangers out, is drawn."""
    said = sections(drawn(config(share())))
    assert LOCKED.items() <= said["global"].items()
    assert "interfaces" not in said["global"]
    assert said["scans"] == {
        "path": "/srv/scans",
        "valid users": "scans-printer",
        "read only": "no",
        "force user": "scangate",
        "create mask": "0660",
        "directory mask": "0770",
        "hosts allow": "192.168.1.40",
        "hosts deny": "ALL",
        "max connections": "20",
        "hide unreadable": "yes",
        "veto files": "/Thumbs.db/desktop.ini/.DS_Store/",
        "root preexec": "test -d /var/lib/scangate -a ! -e /var/lib/scangate/shares-closed",
        "root preexec close": "yes",
    }


def test_a_scan_is_never_vetoed():
    """No veto has a pattern, so that no scan type can be refused by its name."""
    vetoed = sections(drawn(config(share())))["scans"]["veto files"].strip("/").split("/")
    assert not any(set(name) & set("*?") for name in vetoed)
    assert not any(name.lower().endswith((".pdf", ".tif", ".tiff", ".jpg", ".jpeg", ".png")) for name in vetoed)


def test_the_first_line_says_where_it_is_from():
    """The file says that it is drawn, from what, and that editing it is in vain; no password is in it."""
    first, second, *_ = drawn(TWO).split("\n")
    assert first == f"{DRAWN}{SOURCE}."
    assert "Do not edit" in second
    assert is_drawn(first)
    assert not is_drawn("# Sample configuration file")
    assert "Abcdefgh" not in drawn(TWO) + drawn(TWO, Server.LEGACY)


def test_each_server_has_its_own_shares():
    """A share with legacy_smb1 stands in the second file alone, any other with a user in the first alone."""
    settings = config(share(), share("old", legacy_smb1=True), share("free", user=None, password=None, clients=[]))
    settings = replace(settings, samba=Samba(legacy_address="192.168.1.51"))
    assert [set(sections(drawn(settings, server))) for server in Server] == [{"global", "scans"}, {"global", "old"}]
    assert [[one.name for one in served(settings, server)] for server in Server] == [["scans"], ["old"]]


def test_the_second_server_shares_nothing_with_the_first():
    """SMB1 and NTLMv1 are admitted only there, at an address, with accounts, locks and logs of its own."""
    text = draw(TWO, Server.LEGACY, site(TWO, folder=Path("/var/lib/scangate-legacy-samba")), SOURCE)
    main, legacy = sections(drawn(TWO))["global"], sections(text)["global"]
    assert (legacy["server min protocol"], legacy["ntlm auth"]) == ("NT1", "ntlmv1-permitted")
    assert (legacy["interfaces"], main["interfaces"]) == ("192.168.1.51", "192.168.1.50")
    assert legacy["bind interfaces only"] == main["bind interfaces only"] == "yes"
    own = {key for key in legacy if key.endswith((" dir", " directory"))}
    assert own == {
        "private dir", "state directory", "cache directory", "lock directory", "pid directory", "ncalrpc dir",
    }  # fmt: skip
    assert len({legacy[key] for key in own}) == len(own)
    assert own & set(main) == set()
    assert legacy["log file"] != main["log file"]
    assert legacy["netbios name"] != main["netbios name"]


def test_who_may_connect():
    """A share admits its own clients; the server those of all shares, and everyone when one share does."""
    one, two = share("one", clients=["10.0.0.7/24", "2001:db8::1"]), share("two", clients=["10.1.0.1"])
    said = sections(drawn(config(one, two)))
    assert said["one"]["hosts allow"] == "10.0.0.0/24 2001:db8::1"
    assert said["two"]["hosts allow"] == "10.1.0.1"
    assert said["global"]["hosts allow"] == "10.0.0.0/24 2001:db8::1 10.1.0.1"
    said = sections(drawn(config(one, share("two", clients=[]))))
    assert "hosts allow" not in said["global"]
    assert "hosts allow" not in said["two"]
    assert said["one"]["hosts deny"] == "ALL"


@pytest.mark.parametrize(("count", "processes"), [(0, 20), (1, 40), (5, 120)])
def test_full_shares_leave_the_others_room(count: int, processes: int):
    """There may be as many processes as all shares have connections, and some for who is still at the door."""
    said = sections(drawn(config(*(share(f"share{number}") for number in range(count)))))
    assert said["global"]["max smbd processes"] == str(processes)
    connections = [int(one["max connections"]) for name, one in said.items() if name != "global"]
    assert sum(connections) == processes - 20


def test_without_shares_nobody_may_connect():
    """A configuration whose last user is gone draws a server that admits nobody."""
    assert sections(drawn(config()))["global"]["hosts deny"] == "ALL"


@pytest.mark.parametrize("server", Server)
def test_testparm_accepts_it(server: Server, tmp_path: Path):
    """The real testparm reads both files without a warning; "weak crypto" is about the system, whatever the file."""
    for name in FOLDERS.values():
        (tmp_path / name).mkdir()
    path = tmp_path / "smb.conf"
    path.write_text(draw(TWO, server, site(TWO, folder=tmp_path), SOURCE))
    argv = ["testparm", "--suppress-prompt", str(path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0
    lines = [line for line in done.stderr.splitlines() if line]
    assert [line.split()[0] for line in lines] == ["Load", "Loaded", "Weak", "Server"]
    said = sections(done.stdout)
    assert said["old" if server is Server.LEGACY else "scans"]["force user"] == "scangate"


MOVED = [
    (drawn(config(share())), drawn(config(share(), share("two"))), False),
    (drawn(config(share())), drawn(config(share(), interfaces=["eth0"])), True),
    (drawn(TWO), drawn(TWO), False),
    ("", drawn(config(share())), True),
    ("[global]\n\tsmb ports = 445\n\tdisable netbios = yes\n", drawn(config(share())), False),
]


@pytest.mark.parametrize(("old", "new", "expected"), MOVED)
def test_only_another_place_to_listen_needs_a_restart(old: str, new: str, expected):
    """A restart cuts scans short, so it is asked for only where a reload does not reach."""
    assert needs_restart(old, new) is expected


HOSTILE = st.text(st.sampled_from("aé/ .%\"'\\\n\r\t;#[]=$`*~\x00\u2028-"), max_size=12)


def _unchecked(name: str, path: str, user: str, owner: str, clients: tuple[str, ...], workgroup: str) -> Any:
    """A configuration that no check has seen."""
    one = Share(
        name=name,
        path=Path(path),
        to=(Address("a@b.de"),),
        user=user,
        password_file=Path("/secret"),
        clients=clients,
    )
    settings = replace(config(), share=(one,), samba=Samba(workgroup=workgroup))
    return settings, Site({name: owner})


@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE, st.lists(HOSTILE, max_size=2), HOSTILE, HOSTILE)
def test_nothing_that_is_configured_can_add_a_line(name, path, user, owner, clients, workgroup, source):
    """Whatever stands in a value, even unchecked, the file has its own lines and no other, or there is no file."""
    settings, box = _unchecked(name, path, user, owner, tuple(clients), workgroup)
    try:
        text = draw(settings, Server.MAIN, box, Path(source))
    except ValueError:
        return
    plain_settings, plain_box = _unchecked("n", "/p", "u", "o", tuple("10.0.0.1" for _ in clients), "w")
    plain = draw(plain_settings, Server.MAIN, plain_box, Path("s"))
    assert [line.partition(" = ")[0] for line in text.split("\n")[4:] if not line.startswith("[")] == [
        line.partition(" = ")[0] for line in plain.split("\n")[4:] if not line.startswith("[")
    ]
    assert list(sections(text)) == ["global", name]
    assert not set(text) & set('\r\x00\\%"') - set("%I")


@given(HOSTILE.filter(lambda text: set(text) & set('%"\\\n\r\x00;#')))
def test_a_hostile_path_is_not_drawn(text):
    """A path that smb.conf would read as anything but itself is refused, also one that passed no check."""
    settings, box = _unchecked("scans", f"/srv/{text}x", "u", "o", (), "w")
    with pytest.raises(ValueError, match=r"smb\.conf cannot hold"):
        draw(settings, Server.MAIN, box, SOURCE)


def test_a_path_with_a_space_is_quoted_for_the_shell():
    """The state directory reaches the shell of preexec as one word."""
    settings = config(share())
    gateway = replace(settings.gateway, state=Path("/var/lib/scan gate"))
    spaced: Config = replace(settings, gateway=gateway)
    expected = "test -d '/var/lib/scan gate' -a ! -e '/var/lib/scan gate/shares-closed'"
    assert sections(drawn(spaced))["scans"]["root preexec"] == expected


@given(st.text(min_size=1, max_size=12))
@example(",")
def test_no_shell_of_roots_reads_a_path(path):
    """Whatever the state directory is called, what root's shell gets is the two tests of it, or there is no file."""
    settings = config(share())
    gateway = replace(settings.gateway, state=Path("/srv", path))
    try:
        text = drawn(replace(settings, gateway=gateway))
    except ValueError:
        return
    state = str(Path("/srv", path))
    words = ["test", "-d", state, "-a", "!", "-e", f"{state}/shares-closed"]
    lexer = shlex.shlex(sections(text)["scans"]["root preexec"], posix=True, punctuation_chars=True)
    lexer.whitespace_split = True  # as a shell does: a comma is a character like any other
    assert list(lexer) == words
