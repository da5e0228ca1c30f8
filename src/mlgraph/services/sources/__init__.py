"""Connected sources: polling, hydration, sweeps, status, configured identity."""
