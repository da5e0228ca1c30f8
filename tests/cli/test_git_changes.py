"""Changed files of a branch: the merge base, renames, and what cannot be sent. The repositories are real ones of git."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlgraph.cli import git_changes
from mlgraph.cli.git_changes import ChangedSources, GitError, changed_sources

if TYPE_CHECKING:
    from mlgraph.client.answer_shapes.changed_files_shapes import ChangedFile


class Repository:
    """A git repository in a folder, with a branch `main` and a branch `pr`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")
        for name, value in (("user.email", "a@example.org"), ("user.name", "a"), ("commit.gpgsign", "false")):
            self.git("config", name, value)

    def git(self, *arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=self.root, check=True, capture_output=True, text=True).stdout

    def write(self, path: str, content: str | bytes) -> None:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit(self, **files: str) -> None:
        for path, content in files.items():
            self.write(path.replace("__", "/"), content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "change")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    for variable in ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "GIT_DIR"):
        monkeypatch.delenv(variable, raising=False)
    found = Repository(tmp_path / "repo")
    monkeypatch.chdir(found.root)
    found.commit(a="one\n", models__b="two\n", c="three\n" * 20)
    found.git("checkout", "-q", "-b", "pr")
    return found


def sent(sources: ChangedSources) -> dict[str, tuple[str | None, str | None]]:
    assert all("skipped" not in each for each in sources.files)
    return {each["path"]: (each.get("before"), each.get("after")) for each in sources.files}


def only(sources: ChangedSources) -> ChangedFile:
    (found,) = sources.files
    return found


def test_texts_are_those_at_the_merge_base_and_now(repository: Repository) -> None:
    repository.commit(a="changed\n", d="new\n")
    repository.git("rm", "-q", "models/b")
    repository.git("commit", "-qm", "gone")
    expected = {"a": ("one\n", "changed\n"), "d": (None, "new\n"), "models/b": ("two\n", None)}
    assert sent(changed_sources(["a", "d", "models/b"], "main")) == expected
    assert sent(changed_sources([], None)) == expected, "without files, all that changed"


def test_a_branch_far_behind_sends_the_same_as_a_fresh_one(repository: Repository) -> None:
    repository.commit(a="changed\n")
    behind = changed_sources(["a"], "main")
    repository.git("checkout", "-q", "main")
    for number in range(20):
        repository.commit(c=f"{number}\n", models__b=f"{number}\n")
    repository.git("checkout", "-q", "pr")
    assert changed_sources(["a"], "main") == behind
    assert changed_sources([], "main") == behind, "what only main changed is no change of the branch"
    repository.git("rebase", "-q", "main")
    assert changed_sources(["a"], "main") == behind
    assert changed_sources(["a", "c"], "main").unchanged == ["c"]


def test_renamed_files_are_followed(repository: Repository) -> None:
    repository.git("mv", "c", "models/moved")
    repository.commit(models__moved="three\n" * 19 + "four\n")
    file = only(changed_sources(["models/moved"], "main"))
    assert (file.get("previous_path"), file.get("before"), file.get("after")) == ("c", "three\n" * 20, "three\n" * 19 + "four\n")


def test_what_cannot_be_sent_is_named_with_the_reason(repository: Repository, tmp_path: Path) -> None:
    repository.write("logo.png", b"\x89PNG\0\1")
    repository.write("big.sql", b"x" * (git_changes.MAX_FILE_BYTES + 1))
    (tmp_path / "outside.sql").write_text("select 1")
    (repository.root / "link.sql").symlink_to(tmp_path / "outside.sql")
    repository.commit()
    (repository.root / "plain").mkdir()
    given = ["logo.png", "big.sql", "../outside.sql", "link.sql", "nowhere.sql", "plain"]
    reasons = {each["path"]: each.get("skipped") for each in changed_sources(given, "main").files}
    assert reasons["logo.png"] == "it is a binary file"
    assert "2 MiB" in (reasons["big.sql"] or "")
    assert reasons["../outside.sql"] == "it is outside the repository"
    assert reasons["link.sql"] == "it is a symbolic link"
    assert "no such file" in (reasons["nowhere.sql"] or "")
    assert reasons["plain"] == "it is a folder or a submodule"


def test_a_folder_stands_for_its_changed_files(repository: Repository) -> None:
    repository.commit(models__b="changed\n", models__d="new\n", a="changed\n")
    assert set(sent(changed_sources(["models"], "main"))) == {"models/b", "models/d"}


def test_another_commit_is_read_without_a_checkout(repository: Repository) -> None:
    repository.commit(a="changed\n", models__d="new\n")
    expected = changed_sources([], "main")
    repository.git("checkout", "-q", "main")
    repository.write("a", "something else")
    assert changed_sources([], "main", "pr") == expected
    assert changed_sources(["a"], "main", "pr").files == [each for each in expected.files if each["path"] == "a"]
    with pytest.raises(GitError, match="knows no commit 'nowhere'"):
        changed_sources([], "main", "nowhere")


def test_strange_names_and_bytes(repository: Repository) -> None:
    repository.commit(**{"ä ö.sql": "select 1", "-n": "x", 'quo"te': "x", "a;b$(c)": "x"})
    repository.write("latin.sql", b"select '\xe4'")
    repository.write("line\nfeed.sql", "x")
    repository.commit()
    sources = changed_sources([], "main")
    by_path = {each["path"]: each for each in sources.files}
    assert by_path["ä ö.sql"].get("after") == "select 1"
    assert by_path["latin.sql"].get("after") == "select '\ufffd'"
    assert {"-n", 'quo"te', "a;b$(c)"} <= set(by_path)
    assert by_path["line\nfeed.sql"].get("skipped") == "its name has a line feed"


def test_a_subfolder_and_absolute_paths(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.commit(models__b="changed\n")
    monkeypatch.chdir(repository.root / "models")
    for given in ("b", str(repository.root / "models" / "b"), "../models/b"):
        assert only(changed_sources([given], "main"))["path"] == "models/b"


def test_all_files_together_are_bounded(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_changes, "MAX_SENT_BYTES", 10)
    repository.commit(a="changed\n", d="new new new\n")
    files = {each["path"]: each.get("skipped") for each in changed_sources([], "main").files}
    assert [path for path, reason in files.items() if reason] == ["a", "d"]


def test_errors_say_what_to_do(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(GitError, match="knows no commit 'nowhere'") as unknown:
        changed_sources(["a"], "nowhere")
    assert "git fetch" in (unknown.value.then or "")
    with pytest.raises(GitError, match="knows no commit '--output=x'"):
        changed_sources(["a"], "--output=x")
    assert not (repository.root / "x").exists()
    repository.git("checkout", "-q", "--orphan", "lone")
    repository.commit(a="other\n")
    with pytest.raises(GitError, match="no common ancestor") as shallow:
        changed_sources(["a"], "main")
    assert "fetch-depth: 0" in (shallow.value.then or "")
    repository.git("branch", "-D", "-q", "main")
    with pytest.raises(GitError, match="no main branch"):
        changed_sources(["a"], None)
    elsewhere = tmp_path / "plain"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    with pytest.raises(GitError, match="not a git repository"):
        changed_sources(["a"], "main")


def test_the_base_is_that_of_the_ci_run(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.git("update-ref", "refs/remotes/origin/release", "main")
    repository.commit(a="changed\n")
    monkeypatch.setenv("GITHUB_BASE_REF", "release")
    assert changed_sources([], None).base == "origin/release"
