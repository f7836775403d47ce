"""Counters."""

from collections import Counter

counters: Counter[str] = Counter()


def count(name: str) -> None:
    counters[name] += 1
