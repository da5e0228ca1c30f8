"""Coverage: what is known of the model versions that serve."""
