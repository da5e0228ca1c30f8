"""The files of the search index: the inverted index of tantivy, the vectors of documents, and the vectors of words."""
