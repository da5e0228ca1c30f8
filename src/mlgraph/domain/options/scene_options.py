"""The options of scene queries, for the services, the HTTP parameters and the client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.options.walk_options import Direction, LevelName, WalkOptions, one_of

GroupingName = Literal["team", "kind", "platform", "namespace", "environment"]
SceneChange = Literal["schema", "values", "withdraw", "retire", "any"]
DEFAULT_MARKS: Final = 150
FEWEST_MARKS: Final = 20
MOST_MARKS: Final = 1000
MOST_OPEN: Final = 100
_MOST_ID_CHARS: Final = 2100


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneOptions:
    """Which closure to show, and how.

    `direction`, `kinds`, `level`, `as_of`, `certain` and `fold` are those of `WalkOptions`. `change`: show what it affects, as
    impact does (`any`: as impact without a change). `by`: what the rows are (None: teams, or namespaces where less than half of
    the assets have a team). `open` are ids of folds and rows; `select` is the id of a mark or a URI. At most `marks` are drawn.
    `from_`: an earlier moment, with which the closure is compared.
    """

    direction: Direction = "downstream"
    change: SceneChange | None = None
    kinds: tuple[str, ...] = ()
    level: LevelName | None = None
    as_of: str | None = None
    from_: str | None = None
    certain: bool = False
    fold: bool = True
    by: GroupingName | None = None
    open: tuple[str, ...] = ()
    select: str | None = None
    marks: int = DEFAULT_MARKS

    def check(self) -> None:
        """Raise `InvalidInput` for a value that is not allowed. `as_of` is checked where it is parsed."""
        self.walk().check()
        if self.change is not None:
            one_of("change", self.change, get_args(SceneChange))
            if self.direction != "downstream":
                raise InvalidInput("a change affects what is downstream only", pointer="direction")
            if self.from_ is not None:
                raise InvalidInput("two moments are compared without a change: leave out one of them", pointer="from")
        if self.by is not None:
            one_of("by", self.by, get_args(GroupingName))
        if len(self.open) > MOST_OPEN:
            raise InvalidInput(f"open has {len(self.open)} ids; at most {MOST_OPEN}", pointer="open")
        if not FEWEST_MARKS <= self.marks <= MOST_MARKS:
            raise InvalidInput(f"marks must be from {FEWEST_MARKS} to {MOST_MARKS}", pointer="marks")
        if any(len(each) > _MOST_ID_CHARS for each in (*self.open, self.select or "")):
            raise InvalidInput(f"an id or URI has at most {_MOST_ID_CHARS} characters", pointer="open or select")

    def walk(self) -> WalkOptions:
        """Return the options of the lineage query whose closure the scene shows."""
        return WalkOptions(
            direction=self.direction, kinds=self.kinds, level=self.level, as_of=self.as_of, certain=self.certain, fold=self.fold
        )


SCENE_DEFAULTS: Final = SceneOptions()
