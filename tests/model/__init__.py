"""A deliberately simple reading of CONTRACT, Semantics 1 to 5: what the real graph is compared with."""
