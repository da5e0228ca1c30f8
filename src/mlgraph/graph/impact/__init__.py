"""Impact analysis: effects of a change, severity, shortest paths."""
