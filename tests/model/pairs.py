"""Naive model of docs/spec.md#4-pairs: the inputs of a run or workflow that feed each of its outputs."""

from __future__ import annotations

from typing import Literal, TypeAlias

from mlgraph.domain.facts import EdgeFact, Fact
from mlgraph.domain.uri import AssetUri, dataset_of_column
from mlgraph.domain.vocabulary import HELD_OUT_ROLES
from tests.model.records import Record, asserted_by, triple_of
from tests.model.workflows import Workflows

Level: TypeAlias = Literal["asset", "run"]
Inputs: TypeAlias = dict[AssetUri, set[str | None]]
Pairs: TypeAlias = dict[tuple[AssetUri, AssetUri], bool]
"""(input, output): whether it is certain."""


def inputs_of(node: AssetUri, records: list[Record]) -> Inputs:
    """Return the inputs of a run or workflow among `records`, each with its roles."""
    found: Inputs = {}
    for record in records:
        source, relation, target = record.triple
        if relation == "input_to" and target == node:
            found.setdefault(source, set()).add(record.role)
    return found


def outputs_of(node: AssetUri, records: list[Record]) -> set[AssetUri]:
    return {record.triple[2] for record in records if record.triple[0] == node and record.triple[1] == "outputs"}


def feeds_all(roles: set[str | None]) -> bool:
    """Return whether an input has a role other than test and validation."""
    return bool(roles - HELD_OUT_ROLES)


def may_feed(roles: set[str | None], output: AssetUri) -> bool:
    """Return whether an input in these roles can feed the output: held-out data feeds evaluations only."""
    return feeds_all(roles) or output.kind == "evaluation"


def several_of_both(inputs: Inputs, outputs: set[AssetUri]) -> bool:
    counted_inputs = [source for source, roles in inputs.items() if feeds_all(roles)]
    counted_outputs = [output for output in outputs if output.kind != "evaluation"]
    return len(counted_inputs) >= 2 and len(counted_outputs) >= 2


class Pairing:
    """Computes which inputs feed which outputs, as of a moment."""

    def __init__(self, facts: list[Fact], workflows: Workflows) -> None:
        self.edge_facts = [fact for fact in facts if isinstance(fact, EdgeFact)]
        self.workflows = workflows
        self.runs = workflows.runs

    def reported(self, run: AssetUri, t: int) -> tuple[Inputs, set[AssetUri]]:
        """Return all inputs and outputs that any event reported of the run up to `t`."""
        inputs: Inputs = {}
        outputs = set()
        for fact in self.edge_facts:
            if asserted_by(fact.valid_from) <= t and fact.relation == "input_to" and fact.target == run:
                inputs.setdefault(fact.source, set()).add(fact.properties.get("role"))
            if asserted_by(fact.valid_from) <= t and fact.relation == "outputs" and fact.source == run:
                outputs.add(fact.target)
        return inputs, outputs

    def lineage_from(self, run: AssetUri, output: AssetUri, t: int) -> set[AssetUri]:
        """Return the inputs in `from` of the latest assertions, up to `t`, of this outputs edge: all of one moment together."""
        carrying = [
            fact
            for fact in self.edge_facts
            if triple_of(fact) == (run, "outputs", output)
            and fact.properties.get("from") is not None
            and asserted_by(fact.valid_from) <= t
        ]
        latest = max((asserted_by(fact.valid_from) for fact in carrying), default=None)
        return {AssetUri.parse(text) for fact in carrying if fact.valid_from == latest for text in fact.properties["from"]}

    def lineage(self, run: AssetUri, output: AssetUri, inputs: Inputs, t: int) -> set[AssetUri]:
        """The inputs that the run's own lineage names for this output; none where no lineage counts."""
        named = self.lineage_from(run, output, t)
        if named & set(inputs):
            return named & set(inputs)
        by_columns = {
            dataset
            for fact in self.edge_facts
            if fact.relation == "derives"
            and fact.properties.get("by") == str(run)
            and asserted_by(fact.valid_from) <= t
            and fact.target.kind == "column"
            and dataset_of_column(fact.target) == output
            and (dataset := dataset_of_column(fact.source)) is not None
        }
        return by_columns & set(inputs)

    def of_run(self, run: AssetUri, inputs: Inputs, outputs: set[AssetUri], t: int) -> Pairs:
        """The pairs of one run with these inputs and outputs."""
        pairs: Pairs = {}
        for output in outputs:
            named = self.lineage(run, output, inputs, t)
            certain = bool(named) or not several_of_both(inputs, outputs)
            for source in named or set(inputs):
                if may_feed(inputs[source], output):
                    pairs[source, output] = certain
        return pairs

    def decider(self, workflow: AssetUri, output: AssetUri, t: int, valid: list[Record]) -> tuple[AssetUri, set[AssetUri]] | None:
        """Return the run or workflow that decides the pairs of this output at `t` (the last with lineage), and its inputs."""
        candidates: list[tuple[int, str, AssetUri, set[AssetUri]]] = []
        for run in self.runs.members(workflow):
            named = self.lineage(run, output, self.reported(run, t)[0], t)
            if named and output in self.reported(run, t)[1]:
                moments = [
                    asserted_by(fact.valid_from)
                    for fact in self.edge_facts
                    if triple_of(fact) == (run, "outputs", output) and asserted_by(fact.valid_from) <= t
                ]
                done = self.runs.ended_at(run)
                if done is not None and done <= t:
                    moments.append(done)
                candidates.append((max(moments), str(run), run, named))
        if declared := self._declared(workflow, output, t, valid):
            candidates.append(declared)
        if not candidates:
            return None
        _, _, node, named = max(candidates, key=lambda candidate: candidate[:2])
        return node, named

    def _declared(
        self, workflow: AssetUri, output: AssetUri, t: int, valid: list[Record]
    ) -> tuple[int, str, AssetUri, set[AssetUri]] | None:
        """Return the lineage declared on the workflow's own outputs edge, while that record is valid and names an input."""
        inputs = set(inputs_of(workflow, valid))
        reporting = [
            (start, named)
            for start, end, named in self.workflows.declared_lineage(workflow, output)
            if start <= t < end and named & inputs
        ]
        if not reporting:
            return None
        latest = max(start for start, _ in reporting)
        return latest, str(workflow), workflow, {uri for start, named in reporting if start == latest for uri in named}

    def of_workflow(self, workflow: AssetUri, t: int, valid: list[Record]) -> Pairs:
        """Return the pairs of a workflow among the asset-level records valid at `t`."""
        inputs, outputs = inputs_of(workflow, valid), outputs_of(workflow, valid)
        certain_in_a_run = set()
        for run in self.runs.members(workflow):
            of_run = self.of_run(run, *self.reported(run, t), t)
            certain_in_a_run |= {pair for pair, certain in of_run.items() if certain}
        pairs: Pairs = {}
        for output in outputs:
            decided = self.decider(workflow, output, t, valid)
            for source, roles in inputs.items():
                if not may_feed(roles, output):
                    continue
                if decided is None:
                    several = several_of_both(inputs, outputs)
                    pairs[source, output] = not several or (source, output) in certain_in_a_run
                elif source in decided[1]:
                    pairs[source, output] = True
        return pairs
