"""HTTP API: routes, limits, errors and the documentation page. This package contains no graph semantics."""
