"""What the company's teams run. These modules know nothing of mlgraph: they run in the environment of MLflow."""
