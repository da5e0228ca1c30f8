"""The facets of one object of an event: readers take the known ones, the rest is stored unchanged."""

from __future__ import annotations

from typing import Any, Final

from mlgraph.domain.payloads.payload import Located, clean_text
from mlgraph.domain.redaction.sanitizing import sanitize, sanitize_text

_ENVELOPE: Final = frozenset({"_producer", "_schemaURL", "_deleted"})


class Facets:
    """The facets listed under some members (`facets`, `inputFacets` ...) of one object of an event."""

    def __init__(self, parent: Located, *members: str) -> None:
        """Collect the facets of `members` (default `facets`); a later member overrides a facet of the same name."""
        self._left: dict[str, Located] = {}
        for member in members or ("facets",):
            if found := parent.typed(member, dict):
                self._left.update(found.members())

    def take(self, *names: str) -> Located | None:
        """Return and remove the first of these facets that exists. One that is no object is left out, with a warning.

        A facet that its producer deleted is not returned: it remains, and `rest` reports the deletion.
        """
        for name in names:
            facet = self._left.get(name)
            if facet and not _is_deleted(facet):
                del self._left[name]
                if facet.attempt(Located.mapping) is not None:
                    return facet
        return None

    def peek(self, name: str) -> Located | None:
        """Return a facet without removing it; None if it is absent, deleted or not an object."""
        facet = self._left.get(name)
        return facet if facet and isinstance(facet.value, dict) and not _is_deleted(facet) else None

    def deleted(self, name: str) -> bool:
        """Return whether the producer deleted the facet, and remove it in that case."""
        facet = self._left.get(name)
        if facet is None or not _is_deleted(facet):
            return False
        del self._left[name]
        return True

    def rest(self) -> dict[str, Any]:
        """Return the remaining facets without their envelopes; None is the value of a deleted facet."""
        return {
            clean_text(name): None if _is_deleted(facet) else stored
            for name, facet in self._left.items()
            if (stored := facet.attempt(bare)) is not None
        }


def clean_text_of(parent: Located, key: str) -> str | None:
    """Return the text of the member `key` as a fact may contain it; None where it is absent or, with a warning, no text."""
    found = parent.typed(key, str)
    return sanitize_text(found) if found else None


def nonblank(parent: Located, key: str) -> Located | None:
    """Return the text in the member `key`; None where it is absent or, with a warning, blank or no text."""
    found = parent.typed(key, str)
    if found and not found.value.strip():
        found.leave_out("must not be blank")
        return None
    return found


def checked(parent: Located, texts: tuple[str, ...] = (), flags: tuple[str, ...] = ()) -> Located:
    """Return an object without those of its members `texts` and `flags` that are no text or no boolean, with a warning each."""
    wrong = [key for key in texts if parent.value.get(key) is not None and parent.typed(key, str) is None]
    wrong += [key for key in flags if parent.value.get(key) is not None and parent.typed(key, bool) is None]
    return parent.without(wrong) if wrong else parent


def bare(facet: Located) -> object:
    """Return a facet for storage: without the members of the envelope, without secrets."""
    if not isinstance(facet.value, dict):
        return sanitize(facet)
    return sanitize(facet.without(_ENVELOPE))


def _is_deleted(facet: Located) -> bool:
    return isinstance(facet.value, dict) and facet.value.get("_deleted") is True
