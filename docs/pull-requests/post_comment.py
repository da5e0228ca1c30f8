"""Posts the comment of `mlgraph impact --changed` on a pull request of GitHub or a merge request of GitLab, or replaces it.

    python post_comment.py find HEAD_SHA        # GitHub: prints the number and the base branch of the open pull request
    python post_comment.py post FILE            # creates the comment, or replaces the one with the same marker
    python post_comment.py status HEAD_SHA CODE # GitHub: sets the commit status from the exit code of mlgraph

GitHub: GITHUB_REPOSITORY, GITHUB_TOKEN, GITHUB_API_URL, and for `post` PULL_REQUEST. GitLab: CI_API_V4_URL, CI_PROJECT_ID,
CI_MERGE_REQUEST_IID and GITLAB_TOKEN. Needs httpx, which mlgraph needs too. Exit code 1: the API refused.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx

MARKER: Final = "<!-- mlgraph:impact -->"
CONTEXT: Final = "mlgraph impact"
_STATES: Final = {0: ("success", "below the threshold"), 1: ("failure", "above the threshold")}
_NEXT: Final = re.compile(r'<([^>]+)>;\s*rel="next"')


class GitHub:
    """The comments and statuses of one repository."""

    def __init__(self) -> None:
        token, api = os.environ["GITHUB_TOKEN"], os.environ.get("GITHUB_API_URL", "https://api.github.com")
        headers = {
            "authorization": f"Bearer {token}",
            "accept": "application/vnd.github+json",
            "x-github-api-version": "2022-11-28",
        }
        self._http = httpx.Client(base_url=api, headers=headers, timeout=30)
        self._repository = f"/repos/{os.environ['GITHUB_REPOSITORY']}"
        self._author = os.environ.get("COMMENT_AUTHOR", "github-actions[bot]")

    def find(self, sha: str) -> tuple[int, str]:
        """Return number and base branch of the open pull request whose head is a commit."""
        for pull in self._pages(f"{self._repository}/pulls?state=open&sort=updated&direction=desc&per_page=100"):
            if pull["head"]["sha"] == sha:
                return pull["number"], pull["base"]["ref"]
        raise SystemExit(f"no open pull request has the head {sha}")

    def post(self, text: str) -> None:
        """Create the comment, or replace that of this author with the marker; further ones are deleted."""
        issue = f"{self._repository}/issues/{int(os.environ['PULL_REQUEST'])}"
        every = self._pages(f"{issue}/comments?per_page=100")
        own = [each["id"] for each in every if MARKER in (each["body"] or "") and each["user"]["login"] == self._author]
        if own:
            self._send("PATCH", f"{self._repository}/issues/comments/{own[0]}", {"body": text})
        else:
            self._send("POST", f"{issue}/comments", {"body": text})
        for further in own[1:]:
            self._send("DELETE", f"{self._repository}/issues/comments/{further}", None)

    def status(self, sha: str, code: int) -> None:
        """Set the status of a commit: anything but 0 and 1 is an error, never a pass."""
        state, text = _STATES.get(code, ("error", f"mlgraph ended with {code}: is the server away?"))
        self._send("POST", f"{self._repository}/statuses/{sha}", {"state": state, "description": text, "context": CONTEXT})

    def _pages(self, path: str) -> Iterator[Any]:
        following: str | None = path
        while following:
            response = self._http.get(following).raise_for_status()
            yield from response.json()
            found = _NEXT.search(response.headers.get("link", ""))
            following = found[1] if found else None

    def _send(self, method: str, path: str, body: dict[str, Any] | None) -> None:
        self._http.request(method, path, json=body).raise_for_status()


class GitLab:
    """The notes of one merge request."""

    def __init__(self) -> None:
        self._http = httpx.Client(
            base_url=os.environ["CI_API_V4_URL"], headers={"private-token": os.environ["GITLAB_TOKEN"]}, timeout=30
        )
        project, request = int(os.environ["CI_PROJECT_ID"]), int(os.environ["CI_MERGE_REQUEST_IID"])
        self._notes = f"/projects/{project}/merge_requests/{request}/notes"

    def post(self, text: str) -> None:
        """Create the note, or replace that of this user with the marker; further ones are deleted."""
        user = self._http.get("/user").raise_for_status().json()["id"]
        own = [each["id"] for each in self._all() if MARKER in each["body"] and each["author"]["id"] == user]
        if own:
            self._http.put(f"{self._notes}/{own[0]}", json={"body": text}).raise_for_status()
        else:
            self._http.post(self._notes, json={"body": text}).raise_for_status()
        for further in own[1:]:
            self._http.delete(f"{self._notes}/{further}").raise_for_status()

    def _all(self) -> Iterator[Any]:
        page = "1"
        while page:
            response = self._http.get(
                self._notes, params={"per_page": 100, "page": page, "order_by": "created_at", "sort": "asc"}
            )
            yield from response.raise_for_status().json()
            page = response.headers.get("x-next-page", "")


def main(arguments: list[str]) -> None:
    """Run one command; see the top of this file."""
    command, *rest = arguments or ["help"]
    try:
        if command == "post" and len(rest) == 1:
            text = Path(rest[0]).read_text(encoding="utf-8")
            if MARKER not in text:
                raise SystemExit(f"{rest[0]} is not a comment of mlgraph: it has no {MARKER}")
            (GitLab() if "CI_MERGE_REQUEST_IID" in os.environ else GitHub()).post(text)
        elif command == "find" and len(rest) == 1:
            number, base = GitHub().find(rest[0])
            sys.stdout.write(f"number={number}\nbase={base}\n")
        elif command == "status" and len(rest) == 2:
            GitHub().status(rest[0], int(rest[1]))
        else:
            raise SystemExit(__doc__)
    except KeyError as error:
        raise SystemExit(f"the environment variable {error.args[0]} is missing") from None
    except httpx.HTTPError as error:
        raise SystemExit(f"the API refused: {error}") from None


if __name__ == "__main__":
    main(sys.argv[1:])
