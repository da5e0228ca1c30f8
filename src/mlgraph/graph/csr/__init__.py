"""Storage of rows: the base in compressed sparse rows, the overlay, compaction, the index of assets."""
