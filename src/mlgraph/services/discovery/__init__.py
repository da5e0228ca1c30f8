"""Use cases over queries and search: similar assets and plans, changed files, the answers for agents."""
