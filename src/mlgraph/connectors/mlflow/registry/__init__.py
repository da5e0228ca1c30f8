"""The MLflow Model Registry: registered models, their versions and aliases."""
