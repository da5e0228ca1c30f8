"""The domain model that all packages share: URIs, the vocabulary, facts, times and errors. Standard library only."""
