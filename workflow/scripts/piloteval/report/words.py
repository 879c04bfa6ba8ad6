"""Small pieces of markdown that several sections use."""

from __future__ import annotations

from typing import Any

from piloteval.report.page import Page


def listed(words: list[str]) -> str:
    """Join words as a sentence does."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def callout(kind: str, title: str, *paragraphs: str) -> str:
    """Return a callout of Quarto."""
    return f"::: {{.callout-{kind}}}\n## {title}\n\n" + "\n\n".join(paragraphs) + "\n:::"


def interval(page: Page, name: str, digits: int, sign: bool = False, **where: Any) -> str:
    """Return an estimate with its interval: 0.45 [0.21, 0.70]."""
    estimate, low, high = (
        page.value(name, column, digits, sign=sign, **where) for column in ("estimate", "ci_low", "ci_high")
    )
    return f"{estimate} \\[{low}, {high}\\]"
