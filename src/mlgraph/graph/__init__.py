"""The traversal graph: from facts to rows, their storage, traversals and answers."""
