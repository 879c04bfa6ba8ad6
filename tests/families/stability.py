"""Stability of Delphi rounds beside R and the examples of the papers."""

from __future__ import annotations

import numpy as np
from piloteval.measures import stability

from families.agreement import both_raters, table
from families.registry import family

#: Chaffin & Talley (1980), Technological Forecasting and Social Change 16, 67-73, tables 2a and 3a: panellists by their
#: ratings in round 2 (rows) and round 3 (columns). Both have the totals of table 1.
CHAFFIN_TALLEY = {
    "2a": [[26, 0, 0], [7, 62, 2], [0, 0, 25]],
    "3a": [[8, 13, 5], [20, 38, 13], [5, 11, 9]],
}


@family(r"delphi_stability\.chaffin_talley1980\.(chi2|lambda|net_change|unchanged)_(?:table)?(2a|3a)")
def between_rounds(match, row, data):
    rounds = both_raters(np.array(CHAFFIN_TALLEY[match[2]])).T
    if match[1] == "chi2":
        return stability.individual_stability(*rounds).chi2
    function = {
        "lambda": stability.predictability,
        "net_change": stability.net_change,
        "unchanged": stability.share_unchanged,
    }[match[1]]
    return function(*rounds).estimate


@family(r"delphi_stability\.chaffin_talley1980\.chi2_group")
def whole_group(match, row, data):
    return stability.group_stability(*both_raters(np.array(CHAFFIN_TALLEY["3a"])).T).chi2


@family(r"delphi_stability\.dajani1979")
def histogram(match, row, data):
    before, after = table(row.dataset.split("(")[0])
    ratings = np.arange(len(before))
    return stability.group_stability(np.repeat(ratings, before), np.repeat(ratings, after)).chi2
