"""`python -m mlgraph.cli`, where the command is not on the path."""

from mlgraph.cli.main import app

app()
