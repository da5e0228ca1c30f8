"""Requests to MLflow servers, and the payloads that the connector `mlflow` reads."""
