"""What a query asks for: metrics, and labels that they are chosen and grouped by."""

from __future__ import annotations

import re
from collections.abc import Iterator

import promql_parser

from tests.manifests import metrics


def faults(query: str) -> list[str]:
    """Return what the query asks for and no sidecar has; ValueError when it is no query."""
    known = metrics.labels()
    wrong = [f"no metric {one.name}" for one in selectors(query) if one.name not in known]
    for one in selectors(query):
        of_metric = known.get(one.name or "", {})
        for matcher in one.matchers.matchers if of_metric else ():
            if matcher.name not in of_metric:
                wrong.append(f"{one.name} has no label {matcher.name}")
            elif values := of_metric[matcher.name]:
                wrong += [f"{one.name}: {matcher} names nothing"] * (
                    not _names_any(matcher, values)
                )
    there = {label for one in selectors(query) for label in known.get(one.name or "", {})}
    return wrong + [f"no label {label}" for label in sorted(kept(query) - there)]


def selectors(query: str) -> list[promql_parser.VectorSelector]:
    """Return the parts that choose series, in the order of the text."""
    return [one for one in _walk(query) if isinstance(one, promql_parser.VectorSelector)]


def kept(query: str) -> set[str]:
    """Return the labels that aggregations group by: what is left for an alert's text."""
    found: set[str] = set()
    for one in _walk(query):
        if isinstance(one, promql_parser.AggregateExpr) and one.modifier:
            assert one.modifier.type == promql_parser.AggModifierType.By
            found |= set(one.modifier.labels)
    return found


def _walk(query: str) -> Iterator[promql_parser.Expr]:
    found: list[promql_parser.Expr] = []
    promql_parser.walk(promql_parser.parse(query), found.append)
    return iter(found)


def _names_any(matcher: promql_parser.Matcher, values: frozenset[str]) -> bool:
    """Whether each value that a matcher spells out is one that occurs."""
    exact = matcher.op in (promql_parser.MatchOp.Equal, promql_parser.MatchOp.NotEqual)
    named = {matcher.value} if exact else set(re.split(r"\|", matcher.value))
    return named <= values
