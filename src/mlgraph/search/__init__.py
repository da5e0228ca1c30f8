"""Search, pure: splitting of names and texts, documents, parsing of queries, ranking, and which fields matched."""
