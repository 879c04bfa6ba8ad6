"""Co-occurrence of codes beside ATLAS.ti's printed example, and agreement on characters beside NVivo's."""

from __future__ import annotations

import re

from piloteval.measures import cooccurrence

from families.registry import family


@family(r"cooccurrence_c\.n12_\d+_n1_\d+_n2_\d+|atlasti_doc\.c_coefficient")
def c_coefficient(match, row, data):
    counts = {name: int(count) for name, count in re.findall(r"(n\d+)=(\d+)", row.dataset)}
    return cooccurrence.c_coefficient(counts["n1"], counts["n2"], counts["n12"]).estimate
