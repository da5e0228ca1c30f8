"""Near-duplicates: candidates, signals, and a score with its reasons (docs/already-built.md). Pure: no store, no network."""
