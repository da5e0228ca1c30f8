"""Translation of clauses to queries of tantivy."""

from __future__ import annotations

import tantivy

from mlgraph.ports.search_index import Best, Clause, Every, OneOfAssets, Phrase, Selection, Term, Typo, WordSum

_MUST, _SHOULD, _MUST_NOT = tantivy.Occur.Must, tantivy.Occur.Should, tantivy.Occur.MustNot


def query_of(schema: tantivy.Schema, clause: Clause) -> tantivy.Query:
    """Return the query of a clause."""
    match clause:
        case Best(clauses):
            return tantivy.Query.disjunction_max_query([query_of(schema, each) for each in clauses])
        case WordSum(clauses, at_least):
            return _sum([query_of(schema, each) for each in clauses], at_least)
        case Every(clauses):
            required = [(_MUST, query_of(schema, each)) for each in clauses]
            return tantivy.Query.boolean_query(required) if required else _unscored(tantivy.Query.all_query())
        case _:
            return _words(schema, clause)


def _words(schema: tantivy.Schema, clause: Term | Typo | Phrase | OneOfAssets) -> tantivy.Query:
    make = tantivy.Query
    match clause:
        case Term(field, word, boost):
            return make.boost_query(make.term_query(schema, field, word), boost)
        case Typo(field, word, distance, boost):
            return make.const_score_query(make.fuzzy_term_query(schema, field, word, distance), boost)
        case Phrase(field, words, boost):
            several = len(words) > 1
            found = make.phrase_query(schema, field, [*words]) if several else make.term_query(schema, field, words[0])
            return make.boost_query(found, boost)
        case OneOfAssets(assets):
            return _unscored(make.term_set_query(schema, "asset", assets)) if assets else make.empty_query()


def _sum(parts: list[tantivy.Query], at_least: int) -> tantivy.Query:
    optional = [(_SHOULD, part) for part in parts]
    return tantivy.Query.boolean_query(optional, at_least if at_least > 1 else None) if parts else tantivy.Query.empty_query()


def _unscored(query: tantivy.Query) -> tantivy.Query:
    return tantivy.Query.const_score_query(query, 0.0)


def selected(schema: tantivy.Schema, query: tantivy.Query, selection: Selection) -> tantivy.Query:
    """Return `query` restricted to documents with one of the values of each field; never with the document of the state."""
    make = tantivy.Query
    parts = [(_MUST, query)]
    if set(selection.get("state", ())) == {"live", "deprecated"}:  # nearly always: to exclude the few others costs less
        parts.append((_MUST_NOT, make.term_query(schema, "state", "deleted")))
        selection = {field: values for field, values in selection.items() if field != "state"}
    for field, values in selection.items():
        several = [(_SHOULD, make.term_query(schema, field, value)) for value in values]
        parts.append((_MUST, _unscored(make.boolean_query(several) if len(several) > 1 else several[0][1])))
    if "state" not in selection:
        parts.append((_MUST_NOT, make.term_query(schema, "state", "none")))
    return make.boolean_query(parts)
