"""Propagation of a change: the affected subgraph, and the assets and workflows that were rebuilt since."""
