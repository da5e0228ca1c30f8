"""Search: the projection that keeps the index current, and its queries."""
