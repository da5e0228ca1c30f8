"""Jobs and trainings of the demo company. They run in the environment of MLflow and do not import mlgraph."""
