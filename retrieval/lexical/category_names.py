"""Which categories a query names: "a nice kettle" names kettles, though no listing has the word nice."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from retrieval.lexical.tokens import search_terms

__all__ = ["CategoryNames"]


class CategoryNames:
    """Names of categories, found by the words of queries.

    A category is named by all words of its own name, in any form, and by those of what the shop says it, or
    one above it, is called; by the name of one above it only if that is the same kind of thing: clocks name
    chiming clocks, music names no violins.

    Args:
        paths: of each category, its nodes from the top.
        names: joined path to language to names in it.
        separator: of joined paths.
    """

    def __init__(
        self, paths: Sequence[str], names: Mapping[str, Mapping[str, Sequence[str]]], separator: str
    ) -> None:
        self._by_last: dict[str, list[tuple[frozenset[str], int]]] = {}
        for number, path in enumerate(paths):
            nodes = path.split(separator)
            *above, own = ([term for _, term in search_terms(node)] for node in nodes)
            paths_to = (separator.join(nodes[:depth]) for depth in range(1, len(nodes) + 1))
            said = chain.from_iterable(name for one in paths_to for name in names.get(one, {}).values())
            called = [[term for _, term in search_terms(name)] for name in said]
            kinds = [node for node in above if node and own and node[-1] == own[-1]]
            for terms in (own, *called, *kinds):
                if terms:
                    self._by_last.setdefault(terms[-1], []).append((frozenset(terms), number))

    def named(self, terms: Iterable[str]) -> list[int]:
        """Ascending numbers of the categories that the terms of a query name."""
        asked = frozenset(terms)
        lists = (self._by_last.get(term, ()) for term in asked)
        return sorted({number for found in lists for needed, number in found if needed <= asked})
