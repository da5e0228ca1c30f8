"""The facets of one thing: known ones are taken out by their readers, the rest is kept as it came."""

from __future__ import annotations

from typing import Any, Final

from mlgraph.domain.payload import Located, clean_text
from mlgraph.domain.sanitizing import sanitize

_ENVELOPE: Final = frozenset({"_producer", "_schemaURL", "_deleted"})


class Facets:
    """The facets listed under some members (`facets`, `inputFacets` ...) of one object of an event."""

    def __init__(self, parent: Located, *members: str) -> None:
        """Gather them; of two facets of one name the one in the member named later counts."""
        self._left: dict[str, Located] = {}
        for member in members or ("facets",):
            if found := parent.get(member):
                self._left.update(found.members())

    def take(self, *names: str) -> Located | None:
        """Return the first of these facets that is there, which must be an object, and see it as dealt with.

        A facet that its producer deleted is not returned: it stays, and `rest` tells of the deletion.
        """
        for name in names:
            facet = self._left.get(name)
            if facet and not _is_deleted(facet):
                facet.mapping()
                return self._left.pop(name)
        return None

    def see(self, name: str) -> Located | None:
        """Return a facet that is there and not deleted, if it is an object, without taking it."""
        facet = self._left.get(name)
        return facet if facet and isinstance(facet.value, dict) and not _is_deleted(facet) else None

    def deleted(self, name: str) -> bool:
        """Say whether the facet is there to say that it was deleted, and if so see it as dealt with."""
        facet = self._left.get(name)
        if facet is None or not _is_deleted(facet):
            return False
        del self._left[name]
        return True

    def rest(self) -> dict[str, Any]:
        """Return what nobody took, without its envelope; null stands for a deleted facet."""
        return {clean_text(name): None if _is_deleted(facet) else bare(facet) for name, facet in self._left.items()}


def bare(facet: Located) -> object:
    """Return a facet as it may be kept: without the members that every facet has, without secrets."""
    if not isinstance(facet.value, dict):
        return sanitize(facet)
    return sanitize(facet.without(_ENVELOPE))


def _is_deleted(facet: Located) -> bool:
    return isinstance(facet.value, dict) and facet.value.get("_deleted") is True
