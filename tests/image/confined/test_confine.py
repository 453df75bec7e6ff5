"""What code that took over a conversion could still do: it is tried, for real, in a confined process."""

import signal
from pathlib import Path

import pytest

from image.confined import landlock
from tests.image.attempts import confined

CONNECTION = """
import socket
listener = socket.create_server(("127.0.0.1", 0))

@attempt
def connects(): socket.create_connection(listener.getsockname(), 5)
"""

NETWORK = f"""
{CONNECTION}
inherited, peer = socket.socketpair()
spare = socket.socket()
abstract = socket.socket(socket.AF_UNIX); abstract.bind("\\0scangate-test"); abstract.listen()

@attempt
def connects_by_old_socket(): spare.connect(listener.getsockname())
@attempt
def sends_datagram(): spare.sendto(b"x", listener.getsockname())
@attempt
def listens(): socket.create_server(("127.0.0.1", 0))
@attempt
def accepts(): listener.accept()
@attempt
def speaks_to_unix_socket(): socket.socket(socket.AF_UNIX).connect("\\0scangate-test")
@attempt
def passes_descriptor(): socket.send_fds(inherited, [b"x"], [1])
@attempt
def writes_to_its_own(): assert os.write(inherited.fileno(), b"x") == 1
"""

OTHERS = """
import ctypes, gc, resource, signal, subprocess, sys, threading
libc = ctypes.CDLL(None, use_errno=True)
parent = os.getppid()
def call(*arguments):
    if libc.syscall(*(ctypes.c_long(argument) for argument in arguments)) < 0:
        raise OSError(ctypes.get_errno(), "")

@attempt
def runs_program(): subprocess.run(["/bin/true"])
@attempt
def becomes_program(): os.execv("/bin/true", ["true"])
@attempt
def forks(): os._exit(0) if os.fork() == 0 else None
@attempt
def starts_thread(): threading.Thread(target=print).start()
@attempt
def signals_parent(): os.kill(parent, 0)
@attempt
def signals_parents_thread(): call(234 if os.uname().machine == "x86_64" else 131, parent, parent, 0)
@attempt
def watches_parent(): os.pidfd_open(parent)
@attempt
def limits_parent(): resource.prlimit(parent, resource.RLIMIT_CPU, (1, 1))
@attempt
def sets_own_limit(): resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
@attempt
def reads_own_limit(): resource.getrlimit(resource.RLIMIT_CORE)
@attempt
def slows_parent(): os.setpriority(os.PRIO_PROCESS, parent, 19)
@attempt
def leaves_namespace(): call(272 if os.uname().machine == "x86_64" else 97, 0x10000000)
"""

FILES = """
import resource
from pathlib import Path
(out.parent.parent / "secret").write_text("hush")

@attempt
def reads_source(): source.read_bytes()
@attempt
def writes_source(): source.write_bytes(b"")
@attempt
def removes_source(): source.unlink()
@attempt
def reads_other(): (out.parent.parent / "secret").read_bytes()
@attempt
def lists_other(): os.listdir(out.parent.parent)
@attempt
def reads_passwords(): Path("/etc/passwd").read_bytes()
@attempt
def reads_parents_memory(): open(f"/proc/{os.getppid()}/mem", "rb")
@attempt
def makes_other(): Path("/var/tmp/scangate-test").write_bytes(b"")
@attempt
def makes_output(): out.write_bytes(b"x"); out.with_name("out.pdf.part0").write_bytes(b"x"); out.write_bytes(b"y")
@attempt
def moves_output(): out.with_name("out.pdf.part0").replace(out); out.unlink()
@attempt
def loads_module(): import wave, PIL.GifImagePlugin, pikepdf
"""

LIMITS = """
@attempt
def opens_many(): [open("/dev/null") for _ in range(300)]
@attempt
def takes_memory(): bytearray(400_000_000)
@attempt
def writes_much():
    with out.open("wb") as file:
        for _ in range(40): file.write(bytes(1_000_000))
"""


def test_no_network(tmp_path: Path):
    """There is no way to the network, not even by sockets made before; the line to the service stays."""
    assert confined(tmp_path, NETWORK) == {
        "connects": "EPERM",
        "connects_by_old_socket": "EPERM",
        "sends_datagram": "EPERM",
        "listens": "EPERM",
        "accepts": "EPERM",
        "speaks_to_unix_socket": "EPERM",
        "passes_descriptor": "EPERM",
        "writes_to_its_own": "done",
    }


def test_no_other_process(tmp_path: Path):
    """No program is started, no process made, and none reached: neither signalled, nor watched, nor limited."""
    assert confined(tmp_path, OTHERS) == {
        "runs_program": "EPERM",
        "becomes_program": "EPERM",
        "forks": "EPERM",
        "starts_thread": "RuntimeError",
        "signals_parent": "EPERM",
        "signals_parents_thread": "EPERM",
        "watches_parent": "EPERM",
        "limits_parent": "EPERM",
        "sets_own_limit": "ValueError",
        "reads_own_limit": "done",
        "slows_parent": "EPERM",
        "leaves_namespace": "EPERM",
    }


@pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")
def test_no_other_file(tmp_path: Path):
    """Only the scan, the folder of the PDF and the installation can be opened, the scan not for writing."""
    assert confined(tmp_path, FILES) == {
        "reads_source": "done",
        "writes_source": "EACCES",
        "removes_source": "EACCES",
        "reads_other": "EACCES",
        "lists_other": "EACCES",
        "reads_passwords": "EACCES",
        "reads_parents_memory": "EACCES",
        "makes_other": "EACCES",
        "makes_output": "done",
        "moves_output": "done",
        "loads_module": "done",
    }


def test_without_landlock(tmp_path: Path):
    """A kernel without Landlock leaves files to the user's rights, and the rest as it is."""
    before = "from image.confined import landlock; landlock.version = lambda: 0"
    told = confined(tmp_path, FILES + CONNECTION, before)
    assert (told["reads_other"], told["reads_source"], told["connects"]) == ("done", "done", "EPERM")


def test_limits(tmp_path: Path):
    """Open files, memory and the size of files are limited."""
    assert confined(tmp_path, LIMITS) == {
        "opens_many": "EMFILE",
        "takes_memory": "MemoryError",
        "writes_much": "EFBIG",
    }


def test_an_endless_loop_ends(tmp_path: Path):
    """Who computes for longer than allowed is ended by the kernel, with the signal that is told as a timeout."""
    assert confined(tmp_path, "@attempt\ndef loops():\n while True: pass", cpu_s=1) == -signal.SIGXCPU


def test_abort_is_told_as_such(tmp_path: Path):
    """A library that gives up ends the process by SIGABRT, which is told as a crash."""
    assert confined(tmp_path, "@attempt\ndef aborts(): os.abort()") == -signal.SIGABRT


def test_without_a_filter_there_is_another_network(tmp_path: Path):
    """Where the kernel filters no calls, the process has a network of its own, with nothing in it."""
    before = "confine.filter_calls = lambda: False"
    told = confined(tmp_path, CONNECTION, before)
    if isinstance(told, int):
        pytest.skip("this user may not make namespaces")
    assert told["connects"] in {"ENETUNREACH", "EACCES"}


def test_never_unconfined(tmp_path: Path):
    """Where the network cannot be kept away nothing is converted, and the sentence says so."""
    before = "confine.filter_calls = confine.leave_network = lambda: False"
    setup = """
@attempt
def never(): pass
real = confine.confine
def confine_and_tell(request):
    try: real(request)
    except OSError as error:
        print(json.dumps(str(error)))
        os._exit(0) if sys.stdout.flush() is None else None
confine.confine = confine_and_tell
"""
    assert "cannot keep a conversion off the network" in confined(tmp_path, setup, before)
