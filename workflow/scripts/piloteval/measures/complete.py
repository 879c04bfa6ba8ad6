"""The people who answered every item of a scale, whose answers all coefficients of reliability rest on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

#: Fewest complete rows a coefficient is computed from: with two people every item correlation is +1 or -1.
FEWEST_ROWS = 3

INCOMPLETE_ROW = "at least one item not answered"


@dataclass(frozen=True, eq=False)
class CompleteRows:
    """The answers of the people who answered every item, with what several coefficients need of them.

    Attributes
    ----------
    values : array of float, shape (complete people, items)
        Their answers.
    names : tuple of str
        The items.
    n_dropped : int
        People left out.
    """

    values: np.ndarray
    names: tuple[str, ...]
    n_dropped: int

    @property
    def n(self) -> int:
        """People who answered every item."""
        return self.values.shape[0]

    @property
    def k(self) -> int:
        """Items."""
        return self.values.shape[1]

    @cached_property
    def constant(self) -> np.ndarray:
        """Whether everybody gave the same answer to an item; compared exactly, since a variance of 0.1s is not zero."""
        return (self.values == self.values[:1]).all(axis=0) if self.n else np.ones(self.k, dtype=bool)

    @cached_property
    def mean(self) -> np.ndarray:
        """Mean of every item, NaN without anybody."""
        return self.values.sum(axis=0) / (self.n or np.nan)

    @cached_property
    def covariance(self) -> np.ndarray:
        """Covariance matrix of the items, with n - 1; shape (items, items)."""
        centred = self.values - self.mean
        centred[:, self.constant] = 0
        return centred.T @ centred / (self.n - 1)

    @cached_property
    def correlation(self) -> np.ndarray:
        """Pearson correlations of the items, NaN for a constant one; shape (items, items)."""
        sd = np.where(self.constant, np.nan, np.sqrt(np.diag(self.covariance)))
        matrix = np.clip(self.covariance / sd / sd[:, None], -1, 1)
        np.fill_diagonal(matrix, np.where(self.constant, np.nan, 1.0))
        return matrix

    @property
    def frame(self) -> pd.DataFrame:
        """The answers as a table."""
        return pd.DataFrame(self.values, columns=list(self.names))


#: What a function on answers takes.
Items = ArrayLike | pd.DataFrame | CompleteRows


def prepare(items: Items) -> CompleteRows:
    """Keep the people who answered every item, ready for several coefficients.

    Parameters
    ----------
    items : DataFrame or array, shape (people, items), or CompleteRows
        Numeric answers; missing is NaN, None or NA. What is prepared already is returned as it is.

    Returns
    -------
    CompleteRows

    Raises
    ------
    ValueError
        If an answer is not a number.
    """
    if isinstance(items, CompleteRows):
        return items
    frame = pd.DataFrame(items)
    values = frame.to_numpy(dtype=float, na_value=np.nan)
    missing = np.isnan(values)
    if missing.any():
        complete = ~missing.any(axis=1)
        values = values[complete]
    return CompleteRows(values, tuple(map(str, frame.columns)), len(frame) - len(values))


def complete_rows(items: ArrayLike | pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Keep the people who answered every item, as a table with its index.

    Parameters
    ----------
    items : DataFrame or array, shape (people, items)
        Numeric answers; missing is NaN, None or NA.

    Returns
    -------
    frame : DataFrame of float, shape (complete people, items)
        The complete rows with their index.
    n_dropped : int
        Number of rows left out.

    Raises
    ------
    ValueError
        If an answer is not a number.
    """
    frame = pd.DataFrame(items)
    values = frame.to_numpy(dtype=float, na_value=np.nan)
    complete = ~np.isnan(values).any(axis=1)
    kept = pd.DataFrame(values[complete], index=frame.index[complete], columns=frame.columns)
    return kept, len(frame) - len(kept)
