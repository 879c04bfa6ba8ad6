"""Content validity beside the published tables."""

from __future__ import annotations

import math
import re

import numpy as np
from piloteval.measures import validity

from families.registry import family, limit


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"\d+(?:\.\d+)?", text)]


@family(r"cvi\.N(\d+)_A(\d+)\.(I_CVI|pc|kstar)")
def content_validity_index(match, row, data):
    n, favourable = (int(number) for number in numbers(row.dataset))
    ratings = np.repeat([4, 1], [favourable, n - favourable])
    if match[3] == "pc":
        return validity.chance_agreement(favourable, n)
    return (validity.item_cvi if match[3] == "I_CVI" else validity.modified_kappa)(ratings, 3).estimate


@family(r"cvr_crit\.N\d+\.(n_crit|cvr|p)")
def critical_ratio(match, row, data):
    found = validity.critical_cvr(int(numbers(row.dataset)[0]))
    return {"n_crit": found.needed, "cvr": found.ratio, "p": found.p}[match[1]]


#: The rows take the quantile as 1.96, as the paper does.
CONFIDENCE = math.erf(1.96 / math.sqrt(2))


@family(r"aiken_v\.mean[\d.]+_\dto\d_n\d+\.(V|lower|upper)")
def aiken(match, row, data):
    mean, lowest, highest, n = numbers(row.dataset.replace("-", " "))
    whole = math.floor(mean)
    above = round((mean - whole) * n)  # ratings one step above the others, so that the mean is as told
    ratings = np.repeat([whole, whole + 1], [int(n) - above, above])
    return limit(validity.aiken_v(ratings, lowest, highest, CONFIDENCE), match[1])
