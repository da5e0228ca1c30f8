"""Measurements of mlgraph beside what people would use instead: `make bench` (benchmarks/README.md)."""
