"""The graph as a projection of the log: log follower, projector, build from the store, base files."""
