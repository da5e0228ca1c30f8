"""The shapes of answers, as typed dictionaries: one module for each group of calls."""
