"""The proof of details: events of ten producers, one detail of each broken at random, are stored without the broken detail.

`python -m tests.services.details_proof --mutations 500` runs it at full size and prints the result.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from mlgraph.services.common.identity import LOCAL
from mlgraph.stores.embedded.server import EmbeddedPostgres
from tests.connectors.openlineage import mutations
from tests.connectors.openlineage.mutations import IDENTITY, Mutation
from tests.services.parts import Serving, Store, schema_url


@dataclass(frozen=True)
class Result:
    """What became of the broken events: stored ones, refused ones (without a usable time, run or job), and warnings."""

    stored: int
    refused: int
    warned: int
    warnings: int


def prove(serving: Serving, number: int, seed: int) -> Result:
    """Check and store so many mutations. Raises `AssertionError` for the first that costs more than its detail."""
    drawn = list(mutations.mutations(number, seed))
    for mutation in drawn:
        mutations.check(mutation)
    answer = serving.intake.ingest_lines("openlineage", (_distinct(each, at) for at, each in enumerate(drawn)), LOCAL)
    refused = {each["index"]: each for each in answer["rejected"]}
    for index, rejection in refused.items():
        assert drawn[index].place in IDENTITY, f"{drawn[index]}: refused: {rejection}"
    assert answer["accepted"] + answer["duplicates"] + len(refused) == number
    warned = {each["index"] for each in answer["warnings"]}
    counted = sum(count.warnings for count in serving.store.event_warnings.counts())
    assert counted == answer["warnings_total"], f"{counted} warnings are counted, {answer['warnings_total']} were given"
    return Result(answer["accepted"] + answer["duplicates"], len(refused), len(warned), answer["warnings_total"])


def _distinct(mutation: Mutation, number: int) -> bytes:
    """Return the broken event with a member of its own, so that equal mutations are no duplicates."""
    return mutation.event()[:-1] + f', "number": {number}}}'.encode()


def main() -> None:
    """Run the proof at full size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutations", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "data") as server:
        store = Store(schema_url(server.url))
        try:
            result = prove(Serving(store), arguments.mutations, arguments.seed)
        finally:
            store.close()
    print(json.dumps({"mutations": arguments.mutations, **asdict(result)}))  # noqa: T201 - the output of the program


if __name__ == "__main__":
    main()
