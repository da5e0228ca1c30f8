"""What every test run has: levels, one PostgreSQL cluster that is copied, no skipped test in CI, no deadline for an example."""

from hypothesis import settings

pytest_plugins = ("tests.plugins.skips", "tests.plugins.levels", "tests.plugins.clusters")

settings.register_profile("mlgraph", deadline=None)  # how long an example takes depends on what else the machine does
settings.load_profile("mlgraph")
