"""MLflow Tracking: runs, experiments, logged models, the datasets that runs read, and what was measured."""
