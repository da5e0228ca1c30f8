"""Closures: compiled kernels and the walks that call them."""
