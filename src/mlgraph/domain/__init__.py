"""What everything else speaks: identifiers, the vocabulary, facts, times and errors. Standard library only."""
