"""Text storage of the graph: strings in one array of bytes, their index, and their copying into JSON."""
