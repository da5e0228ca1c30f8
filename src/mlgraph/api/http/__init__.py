"""HTTP transport: protocol bounds, limits, authentication, problems, bodies."""
