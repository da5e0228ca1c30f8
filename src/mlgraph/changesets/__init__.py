"""Changed files of a pull request: the assets and columns that they define, and how these change. Pure: texts in, changes out."""
