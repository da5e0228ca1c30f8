"""Engines of the benchmark: mlgraph and the alternatives, behind one interface (`base.Engine`)."""
