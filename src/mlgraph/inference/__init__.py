"""Relations that follow from others: rules as data, and their evaluation over the edges that facts tell."""
