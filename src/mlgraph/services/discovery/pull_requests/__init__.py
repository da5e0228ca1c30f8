"""Impact of the changed files of a pull request (docs/pull-requests.md)."""
