"""Quality of search and of "already built": seeded catalogues with the expected answers. Nothing here reads the ranker."""
