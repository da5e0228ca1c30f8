"""Benchmark of mlgraph against alternatives: `make bench` (benchmarks/README.md)."""
