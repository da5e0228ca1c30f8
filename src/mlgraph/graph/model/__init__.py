"""The data model of the graph: codes, rows, node keys, validity intervals and alias resolution."""
