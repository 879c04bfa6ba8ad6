"""The record every statistic is reported in."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace


@dataclass(frozen=True)
class Statistic:
    """One number with everything a reader needs to trust it.

    Attributes
    ----------
    estimate : float or None
        The value; ``None`` when it is undefined, and then ``note`` gives the reason.
    n : int
        Number of units (people, sentences, ratings ...) the estimate rests on.
    method : str
        The coefficient or test by name, in words a statistician recognises.
    ci_low, ci_high : float or None
        Limits of the interval; ``None`` where there is none.
    ci_method : str
        Name and level of the interval, empty where there is none.
    n_dropped : int
        Units left out of the estimate.
    dropped_reason : str
        Why they were left out; empty when none were.
    note : str
        Warnings in words, or the reason an estimate is undefined.
    """

    estimate: float | None
    n: int
    method: str
    ci_low: float | None = None
    ci_high: float | None = None
    ci_method: str = ""
    n_dropped: int = 0
    dropped_reason: str = ""
    note: str = ""

    def row(self, question: str, **keys: object) -> dict[str, object]:
        """Return the record as a table row: the keys that say what it is about, then the statistic columns."""
        return {**keys, "question": question, **asdict(self)}


def in_percent(share: Statistic, dropped: int = 0, reason: str = "") -> Statistic:
    """Return a share from 0 to 1 as percent, with the number of units left out and why."""

    def times(value: float | None) -> float | None:
        return None if value is None else 100 * value

    return replace(
        share,
        estimate=times(share.estimate),
        ci_low=times(share.ci_low),
        ci_high=times(share.ci_high),
        n_dropped=dropped,
        dropped_reason=reason if dropped else "",
    )
