"""The graph as a projection of the log: following commits, the first build, snapshot files."""
