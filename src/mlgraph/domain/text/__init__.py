"""Rules for text: escaping of untrusted names, suggestions for misspelt ones."""
