"""Hidden assets and the contraction of edges over them."""
