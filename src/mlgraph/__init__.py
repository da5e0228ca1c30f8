"""The Model Lifecycle Graph: one live, bitemporal graph over the tools of a company's machine learning."""
