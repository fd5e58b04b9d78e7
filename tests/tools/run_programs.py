"""Run programs one after the other with one import of TensorFlow: ``run_programs.py JOBS.json``.

TensorFlow takes seconds to import and milliseconds to be there after a fork, so a parent imports
it and each program runs in a child of its own, as ``__main__``, in its own working directory.
Stand-alone: Python 3.6 and TensorFlow 1.12 are enough.  JOBS.json holds a list of
``{"name", "script", "args", "cwd", "stdout", "stderr"}``; the exit statuses go to ``JOBS.json.done``
as ``{name: status}``.
"""

import json
import os
import runpy
import sys
import time
import traceback


def main():
    """Run the jobs; return 0 whatever becomes of them."""
    with open(sys.argv[1]) as stream:
        jobs = json.load(stream)
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    import tensorflow  # noqa: F401

    done = {}
    for job in jobs:
        done[job["name"]] = run(job)
        with open(sys.argv[1] + ".done", "w") as stream:
            json.dump(done, stream, indent=1)
    return 0


def run(job, limit=300.0):
    """Return the exit status of one program; -1 when it did not end in ``limit`` seconds."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        child_main(job)
    deadline = time.time() + limit
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
        if time.time() > deadline:
            os.kill(child, 9)
            os.waitpid(child, 0)
            return -1
        time.sleep(0.02)


def child_main(job):
    """Be the program; never return."""
    status = 1
    try:
        for name, descriptor in (("stdout", 1), ("stderr", 2)):
            target = os.open(job[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            os.dup2(target, descriptor)
        os.chdir(job["cwd"])
        script = os.path.join(job["cwd"], job["script"])
        sys.argv = [job["script"]] + list(job["args"])
        sys.path[0] = os.path.dirname(script)
        sys.dont_write_bytecode = True
        try:
            runpy.run_path(script, run_name="__main__")
            status = 0
        except SystemExit as stop:
            if stop.code is None:
                status = 0
            elif isinstance(stop.code, int):
                status = stop.code
            else:
                sys.stderr.write("%s\n" % (stop.code,))
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
