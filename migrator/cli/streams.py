"""Standard output and error that may go away before the work is done."""

from __future__ import annotations

import errno
import io
import os
import sys

TYPE_CHECKING = False  # typing takes longer to import than all that --help needs besides argparse
if TYPE_CHECKING:
    from typing import Any

__all__ = ["LastingStreams"]


class LastingStreams:
    """Put streams in the place of ``sys.stdout`` and ``sys.stderr`` on which no write fails.

    Whoever reads the output may leave: ``migrator check … | head -2`` closes the pipe, and a
    terminal is closed.  What is said after that is dropped, and the work goes on to its own
    exit status and its reports.  Streams that are not the process's own, as in a test that
    captures them, are left alone.
    """

    def __init__(self) -> None:
        self._originals: dict[str, io.TextIOWrapper | None] = {}
        self._files: list[_Lasting] = []

    def __enter__(self) -> None:
        """Put the streams in place."""
        self._originals = {name: getattr(sys, name) for name in ("stdout", "stderr")}
        for name, stream in self._originals.items():
            if stream is None:  # closed by whoever started us
                setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))
            elif stream is getattr(sys, f"__{name}__"):
                setattr(sys, name, self._lasting(stream))

    def _lasting(self, stream: io.TextIOWrapper) -> io.TextIOWrapper:
        stream.flush()
        file = _Lasting(stream.fileno())
        self._files.append(file)
        unbuffered = isinstance(stream.buffer, io.FileIO)  # python -u
        buffer: Any = file if unbuffered else io.BufferedWriter(file)
        return io.TextIOWrapper(
            buffer,
            encoding=stream.encoding,
            errors=stream.errors,
            line_buffering=stream.line_buffering,
            write_through=stream.write_through,
        )

    def __exit__(self, *exception: object) -> None:
        """Write what is still to be written, and put the process's own streams back."""
        for name, stream in self._originals.items():
            getattr(sys, name).flush()
            setattr(sys, name, stream)

    @property
    def lost(self) -> OSError | None:
        """Why output was lost that somebody would have read, as on a full disk; else None."""
        return next((file.lost for file in self._files if file.lost is not None), None)


class _Lasting(io.FileIO):
    """A file descriptor that leads nowhere from the first write on that fails."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.lost: OSError | None = None
        # a terminal that was closed fails so, and does not say that it is one any more
        self._gone = {errno.EPIPE, errno.EIO} if self.isatty() else {errno.EPIPE}

    def write(self, data: Any) -> int:
        """Write bytes; return how many are dealt with."""
        try:
            return super().write(data)
        except OSError as error:
            if error.errno not in self._gone:
                self.lost = error
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self.fileno())
            os.close(null)
            return memoryview(data).nbytes
