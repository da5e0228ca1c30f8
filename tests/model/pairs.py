"""Naive model of docs/spec.md#4-pairs: the inputs of a run or workflow that feed each of its outputs.

How sentences that can be read in two ways are read here:

- What a run reported up to the moment counts, all events and origins together, whatever was retracted since; the pairs are then
  those whose input and output edges are valid.
- What is declared of a workflow is one run: its inputs, outputs and lineage are those of the declared edges valid at the moment,
  and it completed at the latest start of these edges. Of its column edges those count that start with the declared output edge or
  later.
- "One input": inputs that lineage alone names are not counted. Several names in lineage that mean one input are one pair.
- Inputs declared without any declared output are added to the outputs of which nobody reported lineage, where a run's pair is
  missing.
- Roles are those of one run: an input that one run trained on and another only tested on feeds what the first wrote.
"""

from __future__ import annotations

from functools import cache
from typing import Literal, NamedTuple, TypeAlias

from mlgraph.domain.facts import EdgeFact
from mlgraph.domain.uri import AssetUri, dataset_of_column
from mlgraph.domain.vocabulary import HELD_OUT_ROLES
from tests.model.matching import matched
from tests.model.records import Record
from tests.model.runs import names_in
from tests.model.workflows import Workflows

Level: TypeAlias = Literal["asset", "run"]
Inputs: TypeAlias = dict[AssetUri, set[str | None]]
Pairs: TypeAlias = dict[tuple[AssetUri, AssetUri], bool]
"""(input, output): whether it is certain."""


class Evidence(NamedTuple):
    """What a run, or the declaration of a workflow, had reported by a moment."""

    uri: AssetUri
    order: tuple[int, str]
    complete: bool
    inputs: Inputs
    outputs: set[AssetUri]
    named: dict[AssetUri, set[AssetUri]]
    """By output: the datasets that its lineage names."""
    matching: set[AssetUri]
    """The inputs that a name may mean."""


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


def several_of_both(inputs: Inputs, outputs: set[AssetUri]) -> bool:
    counted_inputs = [source for source, roles in inputs.items() if feeds_all(roles)]
    counted_outputs = [output for output in outputs if output.kind != "evaluation"]
    return len(counted_inputs) >= 2 and len(counted_outputs) >= 2


def feeds(evidence: Evidence, output: AssetUri) -> dict[AssetUri, bool]:
    """Return the inputs that feed an output by one run alone, each with whether it is certain."""
    found: dict[AssetUri, bool] = {}
    if names := evidence.named.get(output):
        for name in names:
            source = matched(name, evidence.matching)
            found[source or name] = source is not None
    else:
        certain = output.kind == "evaluation" or not several_of_both(evidence.inputs, evidence.outputs)
        found = dict.fromkeys(evidence.inputs, certain)
    everywhere = output.kind == "evaluation"
    return {source: certain for source, certain in found.items() if everywhere or feeds_all(evidence.inputs.get(source, {None}))}


class Pairing:
    """Computes which inputs feed which outputs, as of a moment."""

    def __init__(self, workflows: Workflows, columns: list[Record]) -> None:
        self.workflows = workflows
        self.runs = workflows.runs
        self.columns = columns
        self.declared_records = list(workflows.declared_records())
        self.of_run_at = cache(self._of_run_at)
        self.declared_at = cache(self._declared_at)

    def _of_run_at(self, run: AssetUri, t: int) -> Evidence:
        """Return what a run reported up to `t`."""
        inputs: Inputs = {}
        reports = [report for report in self.runs.reports(run) if report.moment <= t and not report.possible]
        for report in reports:
            if report.side == "inputs":
                inputs.setdefault(report.other, set()).add(report.role)
        named: dict[AssetUri, set[AssetUri]] = {}
        for one in self.runs.named(run):
            if one.moment <= t:
                named.setdefault(one.output, set()).add(one.name)
        outputs = {report.other for report in reports if report.side == "outputs"}
        order = self.runs.order(run, t) if reports else (0, str(run))
        return Evidence(run, order, self.runs.complete_by(run, t), inputs, outputs, named, self.runs.inputs(run))

    def _declared_at(self, workflow: AssetUri, t: int) -> Evidence | None:
        """Return what is declared of a workflow at `t`; None: nothing is."""
        valid = [
            (record, asserting) for record, asserting in self.declared_records if record.is_valid(t) and workflow in record.triple
        ]
        if not valid:
            return None
        records = [record for record, _ in valid]
        inputs, outputs = inputs_of(workflow, records), outputs_of(workflow, records)
        named: dict[AssetUri, set[AssetUri]] = {}
        for _, output, name in self._declared_names(workflow, t):
            named.setdefault(output, set()).add(name)
        order = (max(record.start for record in records), str(workflow))
        return Evidence(workflow, order, True, inputs, outputs, named, set(inputs))

    def _declared_names(self, workflow: AssetUri, t: int) -> list[tuple[str, AssetUri, AssetUri]]:
        """Return (origin, output, dataset) for each dataset that declared lineage of a workflow names at `t`."""
        since: dict[AssetUri, int] = {}
        facts: list[EdgeFact] = []
        for record, asserting in self.declared_records:
            if record.is_valid(t) and record.triple[:2] == (workflow, "outputs"):
                since[record.triple[2]] = max(record.start, since.get(record.triple[2], record.start))
                facts += asserting
        found = [(fact.origin, output, name) for fact in facts for output, name in names_in(fact)]
        decided = {output for _, output, _ in found}
        for column in self.columns:
            source, output = dataset_of_column(column.triple[0]), dataset_of_column(column.triple[2])
            if output in decided:
                continue
            if column.by == str(workflow) and column.is_valid(t) and source and output in since and column.start >= since[output]:
                found.append((column.origin, output, source))
        return found

    def implied(self, t: int) -> list[Record]:
        """Return the possible inputs of workflows that only declared lineage names at `t`."""
        found = []
        for workflow in {end for record, _ in self.declared_records for end in record.triple[::2] if end.kind == "workflow"}:
            declared = self.declared_at(workflow, t)
            for origin, _, name in self._declared_names(workflow, t):
                if declared and matched(name, declared.matching) is None:
                    found.append(Record((name, "input_to", workflow), None, None, origin, t, t + 1, certain=False))
        return found

    def of_run(self, run: AssetUri, t: int, valid: list[Record]) -> Pairs:
        """Return the pairs of one run among the records valid at `t`."""
        evidence = self.of_run_at(run, t)
        return _restricted({output: feeds(evidence, output) for output in evidence.outputs}, run, valid)

    def of_workflow(self, workflow: AssetUri, t: int, valid: list[Record]) -> Pairs:
        """Return the pairs of a workflow among the asset-level records valid at `t`."""
        outputs = outputs_of(workflow, valid)
        return _restricted({output: self._feeds(workflow, output, t) for output in outputs}, workflow, valid)

    def decider(self, workflow: AssetUri, output: AssetUri, t: int) -> Evidence | None:
        """Return the run, or the declaration, whose lineage decides the pairs of this output at `t`, if any does."""
        candidates = [evidence for evidence in self._writers(workflow, output, t) if evidence.named.get(output)]
        complete = [evidence for evidence in candidates if evidence.complete]
        return max(complete or candidates, key=lambda evidence: evidence.order, default=None)

    def decides(self, workflow: AssetUri, reporter: AssetUri, output: AssetUri, t: int) -> bool:
        """Return whether the run, or the workflow by its declaration, decides the pairs of this output at `t`."""
        decided = self.decider(workflow, output, t)
        return decided is not None and decided.uri == reporter

    def _writers(self, workflow: AssetUri, output: AssetUri, t: int) -> list[Evidence]:
        declared = self.declared_at(workflow, t)
        reporting = [self.of_run_at(run, t) for run in self.runs.members(workflow)]
        return [evidence for evidence in (*reporting, declared) if evidence and output in evidence.outputs]

    def _feeds(self, workflow: AssetUri, output: AssetUri, t: int) -> dict[AssetUri, bool]:
        decided = self.decider(workflow, output, t)
        if decided:
            return feeds(decided, output)
        writers = self._writers(workflow, output, t)
        complete = [evidence for evidence in writers if evidence.complete]
        if complete and t >= self.workflows.history(workflow).parameterised_from:
            latest = max(complete, key=lambda evidence: evidence.order)
            later = [evidence for evidence in writers if not evidence.complete and evidence.order > latest.order]
            writers = [latest, *later]
        found: dict[AssetUri, bool] = {}
        for evidence in writers:
            for source, certain in feeds(evidence, output).items():
                found[source] = certain or found.get(source, False)
        declared = self.declared_at(workflow, t)
        if declared and not declared.outputs:
            for source in feeds(declared, output):
                found.setdefault(source, False)
        return found


def _restricted(by_output: dict[AssetUri, dict[AssetUri, bool]], node: AssetUri, valid: list[Record]) -> Pairs:
    """Return the pairs of valid edges; a pair is certain if its input edge is too."""
    inputs, outputs = inputs_of(node, valid), outputs_of(node, valid)
    certain_inputs = {record.triple[0] for record in valid if record.triple[1:] == ("input_to", node) and record.certain}
    return {
        (source, output): certain and source in certain_inputs
        for output, by_source in by_output.items()
        for source, certain in by_source.items()
        if source in inputs and output in outputs
    }
