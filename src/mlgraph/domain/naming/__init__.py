"""Names of datasets: the canonical spelling of each system, scopes, and which input a short name means."""
