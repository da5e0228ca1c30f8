"""What every test run has: levels, one PostgreSQL cluster that is copied, and no skipped test in CI."""

pytest_plugins = ("tests.plugins.skips", "tests.plugins.levels", "tests.plugins.clusters")
