"""The portal in a browser: bytes, paints and actions, beside MLflow's pages."""
