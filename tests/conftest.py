"""Settings of every test run: levels, amounts, one PostgreSQL cluster to copy, no skips in CI, no deadline of examples."""

from hypothesis import settings

pytest_plugins = ("tests.plugins.skips", "tests.plugins.levels", "tests.plugins.amounts", "tests.plugins.clusters")

settings.register_profile("mlgraph", deadline=None)  # the time of an example depends on the load of the machine
settings.load_profile("mlgraph")
