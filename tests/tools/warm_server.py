"""Run Python programs in forks of a process that has TensorFlow: ``warm_server.py SOCKET``.

TensorFlow takes seconds to import and milliseconds to be there after a fork.  Each connection to
the socket sends one message, JSON with ``argv``, ``cwd`` and ``env``, and with it the file
descriptors that the program has as stdin, stdout and stderr; it is answered with the status of
``waitpid``.  A client that hangs up ends its program and what that started.  Stand-alone: Python
3.6 and TensorFlow 1.12 are enough.  It ends when its own stdin does.
"""

import array
import contextlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import traceback


def main():
    """Serve until stdin ends."""
    import tensorflow  # noqa: F401

    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(sys.argv[1] + ".part")
    listener.listen(64)
    os.rename(sys.argv[1] + ".part", sys.argv[1])  # there means ready
    running = {}
    while True:
        ready = select.select([0, listener, *running.values()], [], [], 0.01 if running else None)
        if 0 in ready[0] and not os.read(0, 1):
            for child in running:
                end(child)
            return 0
        if listener in ready[0]:
            client = listener.accept()[0]
            child = start(client, listener, running)
            running[child] = client
        for child, client in list(running.items()):
            if client in ready[0] and not client.recv(1):
                end(child)
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                with contextlib.suppress(OSError):  # it hung up
                    client.sendall(b"%d" % status)
                client.close()
                del running[child]


def end(child):
    """Kill a program and its children."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)


def start(client, listener, running):
    """Fork the program that ``client`` asks for; return its process id."""
    message, descriptors = receive(client)
    child = os.fork()
    if child:
        with contextlib.suppress(OSError):  # it ended already
            os.setpgid(child, child)  # here too, so that it is done when the child is ended
        for descriptor in descriptors:
            os.close(descriptor)
        return child
    try:
        os.setpgid(0, 0)
        listener.close()
        for other in [client, *running.values()]:
            other.close()
        for target, descriptor in enumerate(descriptors):
            os.dup2(descriptor, target)
            os.close(descriptor)
        be(message)
    finally:
        os._exit(1)


def receive(client):
    """Return the message and the descriptors that came with it."""
    descriptors = array.array("i")
    data, more = client.recvmsg(1 << 20, socket.CMSG_SPACE(3 * descriptors.itemsize))[:2]
    for _, _, raw in more:
        descriptors.frombytes(raw)
    while not data.endswith(b"\n"):
        data += client.recv(1 << 20)
    return json.loads(data.decode("utf-8")), list(descriptors)


def be(message):
    """Be the program; never return."""
    status = 1
    try:
        os.environ.clear()
        os.environ.update(message["env"])
        os.chdir(message["cwd"])
        sys.argv = message["argv"]
        sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))
        sys.dont_write_bytecode = True
        try:
            runpy.run_path(sys.argv[0], run_name="__main__")
            status = 0
        except SystemExit as stop:
            if stop.code is None:
                status = 0
            elif isinstance(stop.code, int):
                status = stop.code
            else:
                sys.stderr.write(str(stop.code) + "\n")
        except BaseException:
            traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(status)


if __name__ == "__main__":
    sys.exit(main())
