"""A deliberately naive model of docs/spec.md#semantics, with which the graph is compared."""
