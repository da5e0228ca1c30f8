"""Connected tools: polling, hydration, sweeps, status."""
