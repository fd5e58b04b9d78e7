"""Let the checker's processes be forks of one that has imported TensorFlow already.

A check starts a process for each side, and each imports TensorFlow for seconds; with the fixture
``warm`` of ``conftest.py`` a server per interpreter does that once for a test run
(``tests/tools/warm_server.py``).  The processes are otherwise what they are without it: the same
program, arguments, environment, limits and descriptors.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from migrator.checker.process import Job, tensorflow_environment

SERVER = Path(__file__).resolve().parent / "tools" / "warm_server.py"

#: Stands for an interpreter: asks the server for a fork, and ends as that does.
CLIENT = """#!{python} -IS
import array, json, os, signal, socket, sys

server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.connect({address!r})
message = {{"argv": sys.argv[1:], "cwd": os.getcwd(), "env": dict(os.environ)}}
with_them = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))]
data = json.dumps(message).encode() + b"\\n"
sent = server.sendmsg([data], with_them)
server.sendall(data[sent:])
status = int(server.recv(64) or b"256")
if os.WIFSIGNALED(status):
    signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
    os.kill(os.getpid(), os.WTERMSIG(status))
sys.exit(os.WEXITSTATUS(status))
"""


#: How a process is started without a server.
START = Job.start


class Servers:
    """The servers of a test run, one for each interpreter, started when first asked for."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._clients: dict[str, str] = {}
        self._processes: list[subprocess.Popen[bytes]] = []

    def client(self, python: str) -> str:
        """Return a program that stands for the interpreter ``python``."""
        if python not in self._clients:
            self._clients[python] = self._started(python)
        return self._clients[python]

    def _started(self, python: str) -> str:
        address = self._home / f"{len(self._clients)}.socket"
        server = subprocess.Popen(
            [python, str(SERVER), str(address)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env=tensorflow_environment(),
        )
        self._processes.append(server)
        while not address.exists():
            assert server.poll() is None, f"{python} does not serve"
            time.sleep(0.05)
        client = self._home / f"python{len(self._clients)}"
        client.write_text(CLIENT.format(python=python, address=str(address)), encoding="utf-8")
        client.chmod(0o755)
        return str(client)

    def stop(self) -> None:
        """End the servers, and what runs in them."""
        for server in self._processes:
            assert server.stdin is not None
            server.stdin.close()
            server.wait()


def starter(servers: Servers, real: set[str]) -> Callable[[Job], None]:
    """Return what :meth:`Job.start` is replaced by: those of ``real`` interpreters are forks."""

    def warm_start(job: Job) -> None:
        if job.python in real:
            job.python = servers.client(job.python)
        START(job)

    return warm_start
