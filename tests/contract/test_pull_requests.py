"""A pull request from the branch to the comment: the command with a real git and a real server, and the example workflows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from mlgraph.cli.renderers.pull_request_comment import MARKER
from tests.contract.code_hosts import BOT_NAME, CodeHost, served
from tests.contract.producing import Producer, at, facet
from tests.contract.serving import PROGRAM, Api, Names, asset, edge

EXAMPLES: Final = Path(__file__).parents[2] / "docs" / "pull-requests"
TEXT: Final = "select member, title, rating from {{ source('raw', 'ratings') }}\n"
DROPPED: Final = TEXT.replace(", rating", "")


@dataclass
class Done:
    code: int
    out: str
    err: str


@dataclass
class Checkout:
    """A clone with a remote `origin`, a branch `main`, and the head of a pull request; the server that knows its models."""

    root: Path
    url: str
    names: Names

    @property
    def model(self) -> str:
        return f"models/{self.names.space}-ratings.sql"

    def git(self, *arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=self.root, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, **files: str) -> str:
        for path, content in files.items():
            place = self.root / path
            place.parent.mkdir(exist_ok=True)
            place.write_text(content, encoding="utf-8")
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "change")
        return self.git("rev-parse", "HEAD")

    def environment(self, **more: str) -> dict[str, str]:
        foreign = ("MLGRAPH_", "GITHUB_", "CI_", "GIT_")
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
        path = f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}"
        return {**inherited, "PATH": path, "MLGRAPH_URL": self.url, **more}

    def impact(self, *arguments: str, **environment: str) -> Done:
        command = [str(PROGRAM), "impact", "--changed", *arguments]
        done = subprocess.run(
            command, cwd=self.root, env=self.environment(**environment), capture_output=True, text=True, check=False
        )
        return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def checkout(api: Api, names: Names, tmp_path: Path) -> Checkout:
    p = Producer(names)
    ratings, popular = f"{names.space}-ratings", f"{names.space}-popular"
    source = {**p.named(ratings), "field": "rating"}
    lineage = facet(fields={"score": {"inputFields": [source]}})
    api.event(p.run("1", 1, inputs=[ratings], outputs=[popular], job="popularity", facets={popular: {"columnLineage": lineage}}))
    service, team = names.of("service", "home"), names.of("team", "reco")
    api.taken(
        asset(team, at(1), name="Reco", properties={"handle": "@acme/reco"}),
        asset(service, at(1), owners=[team]),
        edge(names.dataset(popular), "input_to", service, at(1), properties={"role": "online"}),
    )
    api.ask("lineage", uri=service)  # the graph includes all of it from here on
    found = Checkout(tmp_path / "clone", api.url, names)
    found.root.mkdir()
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(tmp_path / "origin")], check=True)
    found.git("init", "-q", "-b", "main")
    for name, value in (("user.email", "a@example.org"), ("user.name", "a"), ("commit.gpgsign", "false")):
        found.git("config", name, value)
    found.git("remote", "add", "origin", str(tmp_path / "origin"))
    found.commit(**{found.model: TEXT, "README.md": "one"})
    found.git("push", "-q", "origin", "main")
    found.git("checkout", "-q", "-b", "pr")
    return found


def without_watermark(text: str) -> str:
    """The comment without its watermark, which other tests move on the shared server."""
    return re.sub(r"watermark \d+|at_least=\d+", "watermark", text)


def test_the_comment_and_the_exit_codes(checkout: Checkout) -> None:
    checkout.commit(**{checkout.model: DROPPED})
    done = checkout.impact(checkout.model, "--base", "main")
    assert (done.code, done.err) == (0, "")
    assert (
        done.out.startswith("**mlgraph**: 2 break at their next run, 2 possible, in 1 team; watermark ")
        or "**mlgraph**: " in done.out
    )
    assert "Reco @acme/reco" in done.out
    assert "popularity" in done.out
    again = checkout.impact("--base", "main")
    assert without_watermark(again.out) == without_watermark(done.out), "without files, all that changed"
    above = checkout.impact("--base", "main", "--fail-on", "severity:high")
    assert above.code == 1
    assert "Above the threshold" in above.err
    assert checkout.impact("--base", "main", "--fail-on", "breaks_now").code == 0
    assert checkout.impact("--base", "main", "--fail-on", "nonsense").code == 2
    assert checkout.impact("--base", "main", MLGRAPH_URL="http://127.0.0.1:9").code == 3, "never a silent pass"
    as_json = checkout.impact("--base", "main", "--format", "json")
    assert as_json.out.startswith('{"verdict":"')


def test_nothing_affected_is_one_line_and_unknown_files_fail_if_strict(checkout: Checkout) -> None:
    checkout.commit(**{checkout.model: f"-- comment\n{TEXT}"})
    nothing = checkout.impact("--base", "main")
    assert (nothing.code, nothing.out.count("\n")) == (0, 1)
    checkout.commit(**{"README.md": "two"})
    unknown = checkout.impact("--base", "main")
    assert unknown.code == 0
    assert "README&#46;md" in unknown.out
    assert checkout.impact("--base", "main", "--strict").code == 1


def test_a_branch_100_commits_behind_has_the_comment_of_a_fresh_one(checkout: Checkout) -> None:
    checkout.commit(**{checkout.model: DROPPED})
    fresh = checkout.impact(checkout.model, "--base", "main")
    checkout.git("checkout", "-q", "main")
    for number in range(100):
        checkout.git("commit", "-q", "--allow-empty", "-m", f"{number}")
    checkout.commit(**{"models/other.sql": "select a from b", "README.md": "main"})
    checkout.git("checkout", "-q", "pr")
    behind = checkout.impact(checkout.model, "--base", "main")
    assert without_watermark(behind.out) == without_watermark(fresh.out)
    assert without_watermark(checkout.impact("--base", "main").out) == without_watermark(fresh.out)


@pytest.fixture
def host() -> Iterator[CodeHost]:
    found = CodeHost()
    with served(found):
        yield found


def steps_of(name: str) -> list[dict[str, Any]]:
    jobs = yaml.safe_load((EXAMPLES / name).read_text("utf-8"))["jobs"]
    (job,) = jobs.values()
    return [{**step, "env": job.get("env", {})} for step in job["steps"]]


def run_github(checkout: Checkout, host: CodeHost, sha: str) -> None:
    """Run the steps of the second workflow as the runner does: `uses` is a checkout of the base, `install` is installed."""
    values = {
        "github.token": "gh-token",
        "secrets.MLGRAPH_URL": checkout.url,
        "secrets.MLGRAPH_TOKEN": "",
        "github.event.workflow_run.head_sha": sha,
    }
    script = checkout.root / "docs" / "pull-requests" / "post_comment.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_bytes((EXAMPLES / "post_comment.py").read_bytes())
    written = checkout.root.parent / "github_env"
    written.write_text("")
    for step in steps_of("github-impact.yml"):
        if "uses" in step or step.get("name") == "install":
            continue
        own = {key: re.sub(r"\$\{\{ (\S+) \}\}", lambda found: values[found[1]], value) for key, value in step["env"].items()}
        exported = dict(line.split("=", 1) for line in written.read_text().splitlines())
        environment = checkout.environment(
            GITHUB_API_URL=host.url, GITHUB_REPOSITORY="acme/shop", GITHUB_ENV=str(written), **exported
        )
        subprocess.run(["bash", "-eo", "pipefail", "-c", step["run"]], cwd=checkout.root, env={**environment, **own}, check=True)


def test_the_github_workflow_posts_one_comment_and_replaces_it(checkout: Checkout, host: CodeHost) -> None:
    sha = checkout.commit(**{checkout.model: DROPPED, "setup.py": "raise SystemExit('code of a fork')"})
    checkout.git("push", "-q", "origin", "HEAD:refs/pull/7/head")  # a fork has no branch here
    checkout.git("checkout", "-q", "main")
    checkout.git("branch", "-q", "-D", "pr")
    for number in range(3):
        host.pull(number, "0" * 40, "main")
    host.pull(7, sha, "main")
    host.comment("looks good", "octocat")
    host.comment(f"{MARKER} a quote by somebody else", "octocat")
    host.comment("coverage 93 %", BOT_NAME)
    run_github(checkout, host, sha)
    (comment,) = [each for each in host.bodies() if each.startswith("**mlgraph**")]
    assert "Reco @acme/reco" in comment
    assert (
        "POST",
        f"/repos/acme/shop/statuses/{sha}",
        {"state": "failure", "description": "above the threshold", "context": "mlgraph impact"},
    ) in host.sent
    assert host.tokens == {"Bearer gh-token"}
    host.comment(f"{MARKER} posted twice by two runs at once", BOT_NAME)
    run_github(checkout, host, sha)
    assert [without_watermark(each) for each in host.bodies()] == [
        "looks good",
        f"{MARKER} a quote by somebody else",
        "coverage 93 %",
        without_watermark(comment),
    ]
    assert not (checkout.root / "setup.py").exists(), "nothing of the fork is checked out"


def test_the_github_status_is_an_error_if_the_server_is_away(checkout: Checkout, host: CodeHost) -> None:
    sha = checkout.commit(**{checkout.model: DROPPED})
    checkout.git("push", "-q", "origin", "HEAD:refs/pull/7/head")
    host.pull(7, sha, "main")
    checkout.url = "http://127.0.0.1:9"
    run_github(checkout, host, sha)
    assert host.bodies() == []
    assert [body["state"] for _, path, body in host.sent if "/statuses/" in path] == ["error"]


def test_the_first_github_workflow_has_no_secret() -> None:
    text = (EXAMPLES / "github-changed.yml").read_text("utf-8")
    parsed = yaml.safe_load(text)
    assert parsed["permissions"] == {}
    assert "secrets" not in text
    assert [step for step in steps_of("github-changed.yml") if "uses" in step] == [], "nothing of the pull request is run"
    second = yaml.safe_load((EXAMPLES / "github-impact.yml").read_text("utf-8"))
    assert second[True]["workflow_run"]["workflows"] == [parsed["name"]]


def run_gitlab(checkout: Checkout, host: CodeHost, sha: str) -> int:
    job = yaml.safe_load((EXAMPLES / "gitlab-ci.yml").read_text("utf-8"))["mlgraph impact"]
    script = checkout.root / "docs" / "pull-requests" / "post_comment.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_bytes((EXAMPLES / "post_comment.py").read_bytes())
    lines = [line for line in job["script"] if "pip install" not in line]
    environment = checkout.environment(
        CI_API_V4_URL=host.url,
        CI_PROJECT_ID="12",
        CI_MERGE_REQUEST_IID="7",
        CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main",
        CI_COMMIT_SHA=sha,
        **{"GITLAB_TOKEN": "gl-token"},
    )
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", "\n".join(lines)], cwd=checkout.root, env=environment, check=False
    ).returncode


def test_the_gitlab_job_posts_one_note_and_replaces_it(checkout: Checkout, host: CodeHost) -> None:
    sha = checkout.commit(**{checkout.model: DROPPED})
    host.comment(f"{MARKER} by somebody else", "octocat")
    host.comment("a note", BOT_NAME)
    assert run_gitlab(checkout, host, sha) == 1, "above the threshold"
    assert len(host.bodies()) == 3
    first = host.bodies()[2]
    checkout.git("reset", "-q", "--hard", "main")
    assert run_gitlab(checkout, host, checkout.commit()) == 0
    assert host.bodies()[:2] == [f"{MARKER} by somebody else", "a note"]
    assert len(host.bodies()) == 3
    assert host.bodies()[2] != first
    assert "nothing known is affected" in host.bodies()[2]
    assert host.tokens == {"gl-token"}


def test_a_refusal_of_the_api_fails(checkout: Checkout, host: CodeHost, tmp_path: Path) -> None:
    comment = tmp_path / "comment.md"
    comment.write_text("no marker")
    environment = checkout.environment(
        GITHUB_API_URL=host.url, GITHUB_REPOSITORY="acme/shop", PULL_REQUEST="7", **{"GITHUB_TOKEN": "t"}
    )

    def post(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(EXAMPLES / "post_comment.py"), *arguments]
        return subprocess.run(command, env={**environment, **more}, capture_output=True, text=True, check=False)

    assert "has no <!-- mlgraph" in post("post", str(comment)).stderr
    comment.write_text(MARKER)
    assert post("post", str(comment)).returncode == 0
    away = post("post", str(comment), GITHUB_API_URL="http://127.0.0.1:9")
    assert (away.returncode, "the API refused" in away.stderr) == (1, True)
    assert "no open pull request" in post("find", "0" * 40).stderr
    assert post().returncode == 1
