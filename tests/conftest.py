"""Settings of every test run: levels, amounts, one PostgreSQL cluster to copy, no skips in CI, no deadline of examples."""

from hypothesis import settings
from hypothesis.internal.conjecture import providers

pytest_plugins = ("tests.plugins.skips", "tests.plugins.levels", "tests.plugins.amounts", "tests.plugins.clusters")

settings.register_profile("mlgraph", deadline=None)  # the time of an example depends on the load of the machine
settings.load_profile("mlgraph")

# Hypothesis also tries the constants of all loaded modules, so that the examples of a test would depend on the tests that the
# same process ran before. It has no public setting for that.
providers._get_local_constants = lambda: providers._local_constants
