"""The data model of the graph: codes, rows, node keys, validity intervals, resolution of aliases."""
