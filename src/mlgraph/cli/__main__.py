"""Entry point of `python -m mlgraph.cli`, for environments where the command is not on the path."""

from mlgraph.cli.main import app

app()
