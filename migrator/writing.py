"""Show a change of the user's files as a diff, and put it on disk whole or not at all."""

from __future__ import annotations

import errno
import os
import stat

from migrator.sources import Source, SourceError, printable, read_bytes

TYPE_CHECKING = False  # typing.TYPE_CHECKING costs the import of typing
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

__all__ = ["create", "diff", "patch", "replace", "replace_all", "unified_diff"]


def unified_diff(name: str, before: str | None, after: str | None) -> str:
    r"""Return the change of one file in the form that ``git apply`` and ``patch -p1`` take.

    Lines end at ``\n`` only, as git counts them, and keep a ``\r`` before it.  ``before`` is None
    for a new file, ``after`` for a removed one.  Equal texts give an empty diff.  Names are quoted
    as git quotes them.  Written as UTF-8 (with ``newline=""``) the diff applies to files in UTF-8
    without a byte-order mark; :func:`diff` to all in UTF-8, :func:`patch` to all there are.
    """
    if before == after:
        return ""
    hunks = "".join(_hunks(_lines(before or ""), _lines(after or "")))
    return _diff_header(name, before, after, bool(hunks)) + hunks


def diff(source: Source, text: str) -> str:
    """Return the change of a file to its new text, as :func:`unified_diff` does.

    A byte-order mark, which is not in the texts, is in the diff, so it applies to all files in
    UTF-8.  To a file in another encoding no text applies: see :func:`patch`.  Of a notebook, the
    diff shows the changed cells, each hunk headed by the number of its cell: it is for people,
    and :func:`patch` is what applies.
    """
    pieces = source.pieces(text)
    if len(pieces) == 1 and not pieces[0][0]:
        return unified_diff(source.relative, *pieces[0][1:])
    hunks = [
        f"{hunk[:-1]} {title}\n" if hunk.startswith("@@ ") else hunk
        for title, before, after in pieces
        if before != after
        for hunk in _hunks(_lines(before), _lines(after))
    ]
    return _diff_header(source.relative, "", "", True) + "".join(hunks) if hunks else ""


def patch(source: Source, text: str) -> bytes:
    """Return the diff of a file to its new text, byte for byte in the file's own encoding.

    Raises:
        SourceError: As :meth:`Source.encode`.
    """
    before, after = source.raw.decode("latin-1"), source.encode(text).decode("latin-1")
    if before == after:
        return b""
    hunks = "".join(_hunks(_lines(before), _lines(after)))
    header = _diff_header(source.relative, before, after, bool(hunks))
    return header.encode("utf-8") + hunks.encode("latin-1")


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    last = lines.pop()
    return [line + "\n" for line in lines] + ([last] if last else [])


def _diff_header(name: str, before: str | None, after: str | None, hunks: bool) -> str:
    old, new = _quoted("a/" + name), _quoted("b/" + name)
    # Without this line git guesses how deep the names are, and from a subfolder guesses wrong;
    # and a file that is or becomes empty it takes for a missing one.
    header = f"diff --git {old} {new}\n"
    if before is None:
        header += "new file mode 100644\n"
    if after is None:
        header += "deleted file mode 100644\n"
    if not hunks:
        return header
    old = "/dev/null" if before is None else old + ("\t" if " " in old else "")
    new = "/dev/null" if after is None else new + ("\t" if " " in new else "")
    return f"{header}--- {old}\n+++ {new}\n"


def _quoted(name: str) -> str:
    if all(char.isprintable() and char not in '"\\' for char in name):
        return name
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return (
        '"'
        + "".join(
            escapes.get(char)
            or (
                char
                if char.isprintable()
                else "".join(f"\\{byte:03o}" for byte in char.encode("utf-8", "surrogateescape"))
            )
            for char in name
        )
        + '"'
    )


def _hunks(before: list[str], after: list[str], context: int = 3) -> Iterable[str]:
    """Yield the hunks of a unified diff.

    Only what lies between the common head and tail is compared: difflib's time grows faster than
    the file.
    """
    import difflib

    head = 0
    shortest = min(len(before), len(after))
    while head < shortest and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < shortest - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    middle = difflib.SequenceMatcher(
        None, before[head : len(before) - tail], after[head : len(after) - tail]
    )
    blocks = [
        ("equal", 0, head, 0, head),
        *(
            (tag, a + head, b + head, c + head, d + head)
            for tag, a, b, c, d in middle.get_opcodes()
        ),
        ("equal", len(before) - tail, len(before), len(after) - tail, len(after)),
    ]

    class Whole(difflib.SequenceMatcher[str]):
        def get_opcodes(self) -> Any:
            return [block for block in blocks if block[1] < block[2] or block[3] < block[4]]

    for group in Whole().get_grouped_opcodes(context):
        old_range = _range(group[0][1], group[-1][2])
        new_range = _range(group[0][3], group[-1][4])
        yield f"@@ -{old_range} +{new_range} @@\n"
        for tag, old_start, old_end, new_start, new_end in group:
            if tag == "equal":
                yield from (_diff_line(" ", line) for line in before[old_start:old_end])
                continue
            yield from (_diff_line("-", line) for line in before[old_start:old_end])
            yield from (_diff_line("+", line) for line in after[new_start:new_end])


def _range(start: int, stop: int) -> str:
    length = stop - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"


def _diff_line(sign: str, line: str) -> str:
    return sign + line if line.endswith("\n") else f"{sign}{line}\n\\ No newline at end of file\n"


def replace(source: Source, text: str) -> None:
    """Write the new text of one file; :func:`replace_all` with one change."""
    replace_all([(source, text)])


def create(path: str | os.PathLike[str], text: str) -> None:
    """Write a new file in UTF-8; :func:`replace_all` with one new file."""
    replace_all([], [(path, text)])


def replace_all(
    changes: Iterable[tuple[Source, str]],
    created: Iterable[tuple[str | os.PathLike[str], str]] = (),
) -> None:
    """Write the new texts of several files, all of them or none.

    Every new text is written beside its file and flushed to the disk before the first file is
    touched; then the files are exchanged one after the other.  When an exchange fails (or is
    interrupted), those done are taken back.  A file keeps its mode and, where the system allows,
    its owner and extended attributes; a symbolic link stays one and its target changes; of two
    hard links only the one named changes, as with git.  Equal texts are not written.

    Args:
        changes: Files as they were read, and their new texts.
        created: Paths that must not exist yet, in folders that do, and their texts.

    Raises:
        SourceError: Names the file that could not be written and says why: it changed since it was
            read, is read-only, the disk is full, and so on.  All files are as they were, unless
            the message says which one is not.
        ValueError: Two changes name the same file.
    """
    steps: list[_Step] = [_Change(source, text) for source, text in changes if text != source.text]
    steps += [_Creation(path, text) for path, text in created]
    targets: set[str] = set()
    for step in steps:
        if step.target in targets:
            raise ValueError(f"two changes for {printable(step.target)}")
        targets.add(step.target)
    begun: list[_Step] = []
    try:
        for step in steps:
            step.check()
        for step in steps:
            step.stage()
        for step in steps:
            step.check()  # staging took time, and somebody may have saved in an editor
        try:
            for step in steps:
                begun.append(step)
                step.commit()
        except BaseException as error:
            _take_back(begun, error)
            raise
        for folder in {os.path.dirname(target) for target in targets}:
            _flush_folder(folder)
    finally:
        for step in steps:
            step.clean_up()


def _take_back(begun: list[_Step], error: BaseException) -> None:
    """Undo steps, the last of which failed or was interrupted half-way."""
    lost = [left for step in reversed(begun) if (left := _undo(step))]
    reason = error.reason if isinstance(error, SourceError) else "writing was interrupted"
    if lost:
        raise SourceError(
            begun[-1].path,
            f"{reason}; what was already written could not be taken back: {'; '.join(lost)}",
        ) from error
    if isinstance(error, SourceError) and len(begun) > 1:
        error.reason += "; the files written before it are as they were"


def _undo(step: _Step) -> str:
    """Undo one step; return words that say what is wrong when that fails."""
    try:
        step.undo()
    except OSError as error:
        left = step.keep_backup()
        return f"{printable(step.path)} ({(error.strerror or str(error)).lower()}{left})"
    return ""


class _Step:
    """One file of :func:`replace_all`: check, stage, commit, and undo or clean up.

    ``staged`` is written before anything is committed and its name is known before that, so
    whatever moment an interrupt picks, the disk tells how far a step came.
    """

    def __init__(self, path: str | os.PathLike[str], target: str) -> None:
        self.path = path
        self.target = target
        self.staged = os.path.join(os.path.dirname(target), f".migrator-{os.urandom(8).hex()}.tmp")

    def check(self) -> None:
        """Raise SourceError unless the file is as it was when it was read."""
        raise NotImplementedError

    def stage(self) -> None:
        """Write the new bytes to a file beside the target."""
        raise NotImplementedError

    def commit(self) -> None:
        """Put the staged file in the place of the target."""
        raise NotImplementedError

    def undo(self) -> None:
        """Put back what was there before :meth:`commit`, however far that came."""
        raise NotImplementedError

    def keep_backup(self) -> str:
        """Leave the original where it is kept, if it is, and return words that say where."""
        return ""

    def clean_up(self) -> None:
        """Remove the files that were needed on the way."""
        _tried(os.unlink, self.staged)

    def write_beside(self, place: str, data: bytes, mode: int) -> None:
        """Write a flushed file, and give it the metadata of the target if it replaces one.

        Raises:
            SourceError: It cannot be written; nothing is left of it.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        try:
            descriptor = os.open(place, flags, mode)
            try:
                left = memoryview(data)
                while left:
                    left = left[os.write(descriptor, left) :]
                self.dress(descriptor, place)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise SourceError(self.path, _why_unwritten(error)) from None

    def dress(self, descriptor: int, place: str) -> None:
        """Give a staged file its mode and owner; a new file has those that the system gives it."""


class _Change(_Step):
    def __init__(self, source: Source, text: str) -> None:
        super().__init__(source.path, os.path.realpath(source.path))
        self.source = source
        self.data = source.encode(text)
        self.backup = self.staged.removesuffix(".tmp") + ".orig"

    def check(self) -> None:
        try:
            current = read_bytes(self.target)
            mode = os.stat(self.target).st_mode
        except SourceError as error:
            raise SourceError(self.path, f"{error.reason}, so it was not written") from None
        except OSError as error:
            raise SourceError(self.path, _why_unwritten(error)) from None
        if current != self.source.raw:
            raise SourceError(self.path, "changed on disk since it was read: run migrator again")
        # Exchanging a file needs no right to write it, but it is read-only on purpose.
        if not mode & 0o222 or not os.access(self.target, os.W_OK):
            raise SourceError(self.path, "is read-only: allow writing (chmod u+w) and run again")

    def stage(self) -> None:
        self.write_beside(self.staged, self.data, 0o600)
        # A second name keeps the very original, and needs no room on a disk that may be full.
        if not _tried(os.link, self.target, self.backup):
            self.write_beside(self.backup, self.source.raw, 0o600)

    def dress(self, descriptor: int, place: str) -> None:
        like = os.stat(self.target)
        if hasattr(os, "fchown"):
            _tried(os.fchown, descriptor, like.st_uid, like.st_gid)  # root's alone, mostly
        if hasattr(os, "listxattr"):
            for attribute in os.listxattr(self.target):
                _tried(_copy_attribute, self.target, descriptor, attribute)
        # After the owner: a change of owner takes the set-user bits away.
        os.chmod(place, stat.S_IMODE(like.st_mode))

    def commit(self) -> None:
        try:
            os.replace(self.staged, self.target)
        except OSError as error:
            raise SourceError(self.path, _why_unwritten(error)) from None

    def undo(self) -> None:
        if not os.path.lexists(self.staged):
            os.replace(self.backup, self.target)

    def keep_backup(self) -> str:
        kept, self.backup = self.backup, ""
        return f", its original is {printable(kept)}"

    def clean_up(self) -> None:
        super().clean_up()
        if self.backup:
            _tried(os.unlink, self.backup)


class _Creation(_Step):
    def __init__(self, path: str | os.PathLike[str], text: str) -> None:
        super().__init__(path, os.path.abspath(path))
        try:
            self.data = text.encode("utf-8")
        except UnicodeEncodeError:
            raise SourceError(path, "cannot hold a lone surrogate in its encoding utf-8") from None

    def check(self) -> None:
        if os.path.lexists(self.target):
            raise SourceError(self.path, "exists already and was not overwritten")

    def stage(self) -> None:
        self.write_beside(self.staged, self.data, 0o666)  # the system takes the umask off

    def commit(self) -> None:
        try:
            # Unlike a rename, a link refuses to take the place of a file that has just appeared.
            os.link(self.staged, self.target)
        except FileExistsError:
            raise SourceError(self.path, "exists already and was not overwritten") from None
        except OSError:  # a file system without hard links
            self.check()
            try:
                os.rename(self.staged, self.target)
            except OSError as error:
                raise SourceError(self.path, _why_unwritten(error)) from None

    def undo(self) -> None:
        if os.path.lexists(self.staged):
            if os.path.lexists(self.target) and os.path.samefile(self.staged, self.target):
                os.unlink(self.target)
        else:
            os.unlink(self.target)


def _tried(call: Callable[..., object], *arguments: object) -> bool:
    """Do what the system may refuse without harm, and tell whether it did."""
    try:
        call(*arguments)
    except OSError:
        return False
    return True


def _copy_attribute(source: str, descriptor: int, attribute: str) -> None:
    os.setxattr(descriptor, attribute, os.getxattr(source, attribute))


def _flush_folder(folder: str) -> None:
    """Flush the renames in a folder where the system can (not on Windows and some networks)."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    _tried(os.fsync, descriptor)
    os.close(descriptor)


def _why_unwritten(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return "cannot be written: no space is left on the disk"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "cannot be written: its folder does not allow it (permission denied)"
    if error.errno == errno.EROFS:
        return "cannot be written: the file system is read-only"
    if error.errno == errno.ENOENT:
        return "cannot be written: its folder does not exist"
    return f"cannot be written: {(error.strerror or str(error)).lower()}"
