"""What the commands print: one module for each group of answers."""
