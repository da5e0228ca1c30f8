"""What answers the questions of the benchmark: mlgraph, and what one would use instead, each behind the same few methods."""
