"""Changed files of a branch: their texts at the merge base, and now: in the working tree, or at another commit."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mlgraph.client.answer_shapes.changed_files_shapes import ChangedFile

MAX_FILE_BYTES: Final = 2 * 1024 * 1024
"""Largest text of a file that is sent."""
MAX_SENT_BYTES: Final = 14 * 1024 * 1024
"""Largest sum of all texts: a body of the server has at most 16 MiB."""
_BASES: Final = ("origin/HEAD", "origin/main", "origin/master", "main", "master")
_CI_TARGETS: Final = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
"""Variables with the name of the branch that a pull request merges into: of GitHub Actions, of GitLab CI."""
_GIT_TIMEOUT_S: Final = 120.0


class GitError(Exception):
    """The changes cannot be found: what is wrong, and what to do."""

    def __init__(self, what: str, then: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.then = then


@dataclass(frozen=True, slots=True)
class ChangedSources:
    """The changed files, the name of the base, and the given files that are the same as at the merge base."""

    files: Sequence[ChangedFile]
    base: str
    unchanged: Sequence[str]


def changed_sources(given: Sequence[str], base: str | None, head: str | None = None) -> ChangedSources:
    """Return the given files (none: all changed files) as they were at the merge base with `base`, and as they are at `head`.

    `head` None: the merge base is that of HEAD, and the files are those of the working tree. Of another commit, nothing is
    checked out. A folder stands for its changed files; renamed files are followed. Raises `GitError`.
    """
    git = shutil.which("git")
    if git is None:
        raise GitError("--changed needs git, which is not installed")
    repository = _Repository(git)
    name = base or repository.default_base()
    commit = None if head is None else repository.commit(head)
    merge_base = repository.merge_base(name, commit or "HEAD")
    changes = repository.changes(merge_base, commit)
    paths = [path for each in given for path in _within(repository.path_of(each), changes)] if given else list(changes)
    return _Collected(repository, merge_base, commit, changes).of(list(dict.fromkeys(paths)), name)


def _within(path: str, changes: Mapping[str, tuple[str, str | None]]) -> Sequence[str]:
    """Return the changed files in a folder; a path that is no such folder alone."""
    inside = [each for each in changes if each.startswith(f"{path}/")] if path not in changes else []
    return inside or [path]


class _Repository:
    """The git repository of the working directory."""

    def __init__(self, git: str) -> None:
        self._git = git
        self._here = Path.cwd()
        try:
            self.root = Path(self.run("rev-parse", "--show-toplevel").rstrip("\n"))
        except GitError as error:
            raise GitError("this is not a git repository, so there is nothing to compare with", error.what) from None

    def run(self, *arguments: str, data: bytes | None = None) -> str:
        """Return the output of a git command. Raises `GitError`."""
        return self.run_bytes(*arguments, data=data).decode("utf-8", "surrogateescape")

    def run_bytes(self, *arguments: str, data: bytes | None = None) -> bytes:
        """Return the output of a git command as bytes. Raises `GitError`."""
        command = [self._git, "-c", "core.quotePath=false", *arguments]
        try:
            done = subprocess.run(command, cwd=self._here, input=data, capture_output=True, check=False, timeout=_GIT_TIMEOUT_S)  # noqa: S603 - a list of arguments, no shell
        except (OSError, subprocess.TimeoutExpired) as error:
            raise GitError(f"git {arguments[0]} did not end: {error}") from None
        if done.returncode != 0:
            messages = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise GitError(f"git {arguments[0]} failed" + (f": {messages[0][:200]}" if messages else ""))
        return done.stdout

    def default_base(self) -> str:
        """Return the branch that the pull request merges into: of the CI run, else the main branch."""
        targets = [f"origin/{target}" for variable in _CI_TARGETS if (target := os.environ.get(variable))]
        for name in (*targets, *_BASES):
            if self._known(name) is not None:
                return name
        raise GitError("no main branch was found to compare with", "Name it: --base REF")

    def commit(self, name: str) -> str:
        """Return the commit that a name means. Raises `GitError`."""
        found = self._known(name)
        if found is None:
            raise GitError(f"git knows no commit {name!r}", "Fetch it first: git fetch origin BRANCH   (in CI: fetch-depth: 0)")
        return found

    def merge_base(self, base: str, head: str) -> str:
        """Return the commit at which `head` left `base`."""
        try:
            return self.run("merge-base", head, self.commit(base)).split()[0]
        except IndexError:
            pass
        except GitError as error:
            if error.then is not None:  # the base is not known
                raise
        then = "The clone may be shallow: fetch the history (in CI: fetch-depth: 0, GIT_DEPTH: 0)."
        raise GitError(f"{head} and {base!r} have no common ancestor here", then)

    def _known(self, name: str) -> str | None:
        try:
            return self.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}").strip() or None
        except GitError:
            return None

    def changes(self, merge_base: str, head: str | None) -> Mapping[str, tuple[str, str | None]]:
        """Return the changed files by path: the status letter of git, and the former path of a renamed one."""
        commits = [merge_base] if head is None else [merge_base, head]
        options = ("--name-status", "-z", "-M", "--no-ext-diff")
        words = self.run("-C", str(self.root), "diff", *options, *commits, "--").split("\0")
        found: dict[str, tuple[str, str | None]] = {}
        place = 0
        while place + 1 < len(words):
            status = words[place][:1]
            if status in ("R", "C") and place + 2 < len(words):
                found[words[place + 2]] = status, words[place + 1] if status == "R" else None
                place += 3
            else:
                found[words[place + 1]] = status, None
                place += 2
        return found

    def path_of(self, given: str) -> str:
        """Return the path of a file within the repository; of one outside it, the path as given."""
        place = Path(os.path.abspath(self._here / given))  # noqa: PTH100 - resolve would follow a symbolic link to elsewhere
        root = Path(os.path.abspath(self.root))  # noqa: PTH100
        if not place.is_relative_to(root):
            place, root = place.parent.resolve() / place.name, root.resolve()
        return str(PurePosixPath(place.relative_to(root))) if place.is_relative_to(root) and place != root else given

    def texts_at(self, commit: str, paths: Sequence[str]) -> Mapping[str, bytes | str | None]:
        """Return the content of files at a commit; None where there is no such file; a text says why it is left out."""
        safe = [path for path in paths if "\n" not in path]
        names = "".join(f"{commit}:{path}\n" for path in safe).encode("utf-8", "surrogateescape")
        listed = self.run_bytes("cat-file", "--batch-check=%(objecttype) %(objectsize)", data=names).decode().splitlines()
        found: dict[str, bytes | str | None] = {path: "its name has a line feed" for path in paths if path not in safe}
        wanted = []
        for path, line in zip(safe, listed, strict=True):
            kind, _, size = line.rpartition(" ")
            if kind not in ("blob", "tree", "commit", "tag"):
                found[path] = None
            elif kind != "blob":
                found[path] = "it is a folder or a submodule"
            elif int(size) > MAX_FILE_BYTES:
                found[path] = _too_large(int(size))
            else:
                wanted.append(path)
        names = "".join(f"{commit}:{path}\n" for path in wanted).encode("utf-8", "surrogateescape")
        output = self.run_bytes("cat-file", "--batch=%(objectsize)", data=names) if wanted else b""
        for path in wanted:
            size_text, _, output = output.partition(b"\n")
            found[path], output = output[: int(size_text)], output[int(size_text) + 1 :]
        return found


class _Collected:
    """Collects the texts of changed files."""

    def __init__(
        self, repository: _Repository, merge_base: str, head: str | None, changes: Mapping[str, tuple[str, str | None]]
    ) -> None:
        self._repository, self._merge_base, self._head, self._changes = repository, merge_base, head, changes
        self._sent_bytes = 0

    def of(self, paths: Sequence[str], base: str) -> ChangedSources:
        """Return the files at these paths that differ from the merge base."""
        former = {path: self._changes.get(path, ("", None))[1] or path for path in paths}
        inside = [path for path in paths if not _is_outside(path)]
        before = self._repository.texts_at(self._merge_base, list(dict.fromkeys(former[path] for path in inside)))
        after = self._repository.texts_at(self._head, inside) if self._head is not None else {}
        files: list[ChangedFile] = []
        unchanged = []
        for path in sorted(paths):
            if _is_outside(path):
                files.append({"path": path, "skipped": "it is outside the repository"})
                continue
            now = self._in_working_tree(path) if self._head is None else after[path]
            changed = self._file(path, former[path], before[former[path]], now)
            if changed is None:
                unchanged.append(path)
            else:
                files.append(changed)
        return ChangedSources(files, base, unchanged)

    def _file(self, path: str, former: str, old: bytes | str | None, new: bytes | str | None) -> ChangedFile | None:
        """Return a file as it is sent; None if it has not changed."""
        if old == new and former == path and not isinstance(old, str):
            if old is None:
                return {"path": path, "skipped": "there is no such file, neither now nor at the merge base"}
            return None
        reason = next((each for each in (old, new) if isinstance(each, str)), None)
        contents = [each for each in (old, new) if isinstance(each, bytes)]
        if reason is None and any(b"\0" in each[:8192] for each in contents):
            reason = "it is a binary file"
        self._sent_bytes += sum(map(len, contents)) if reason is None else 0
        if reason is None and self._sent_bytes > MAX_SENT_BYTES:
            reason = f"all changed files together are over {MAX_SENT_BYTES // 2**20} MiB"
        shown = path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        if reason is not None:
            return {"path": shown, "skipped": reason}
        file: ChangedFile = {"path": shown, "before": _text(old), "after": _text(new)}
        if former != path:
            file["previous_path"] = former.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        return file

    def _in_working_tree(self, path: str) -> bytes | str | None:
        """Return the content of a file of the working tree; None if it is gone; a text says why it is left out."""
        place = self._repository.root / path
        if place.is_symlink():
            return "it is a symbolic link"
        if not place.exists():
            return None
        if not place.is_file():
            return "it is a folder or a submodule"
        try:
            size = place.stat().st_size
            return _too_large(size) if size > MAX_FILE_BYTES else place.read_bytes()
        except OSError as error:
            return f"it cannot be read: {error.strerror}"


def _is_outside(path: str) -> bool:
    return path.startswith("/") or ".." in PurePosixPath(path).parts or path in ("", ".")


def _too_large(size: int) -> str:
    return f"it has {size:,} bytes, more than {MAX_FILE_BYTES // 2**20} MiB"


def _text(content: bytes | str | None) -> str | None:
    return content.decode("utf-8", "replace") if isinstance(content, bytes) else None
