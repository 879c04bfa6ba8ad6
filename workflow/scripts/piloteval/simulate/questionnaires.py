"""Participants and their answers: a graded response model with a known change.

Each scale has a latent trait. A participant's trait before is drawn with a common factor (well-being moves together)
and a small site effect; after, it keeps part of itself and moves by the true change of the cohort. An item answer is
the trait times the loading plus noise, cut at thresholds into the allowed answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from piloteval.config import Instrument, Scale

#: Loading of the items on their scale's trait; scales not named here get 0.68.
LOADING = {
    "com.total": 0.72,
    "who5.total": 0.80,
    "brs.total": 0.72,
    "cbi.personal": 0.76,
    "cbi.work": 0.72,
    "cbi.client": 0.74,
    "gse.total": 0.64,
    "svest.colleague_support": 0.48,
    "svest.institutional_support": 0.52,
}

#: True change in standard deviations of the trait: (support interventions, peer supporters); others change by 0.
CHANGE = {
    "com.total": (0.10, 0.65),
    "who5.total": (0.28, 0.30),
    "brs.total": (0.05, 0.05),
    "cbi.personal": (-0.15, -0.15),
    "cbi.work": (-0.25, -0.20),
    "gse.total": (0.15, 0.25),
    "svest.psychological_distress": (-0.20, -0.25),
    "svest.institutional_support": (-0.40, -0.30),
    "svest.turnover_intentions": (-0.20, -0.10),
}

#: Share of the trait that stays from wave to wave.
STABILITY = 0.75
SITE_SD = 0.25
COMMON = 0.45

PROFESSIONS = ("nurse", "physician", "midwife", "clinical manager", "patient safety officer")
SHARES = {"support_interventions": (0.30, 0.25, 0.05, 0.20, 0.20), "peer_supporters": (0.55, 0.28, 0.12, 0.03, 0.02)}
COHORTS = ("support_interventions", "peer_supporters")


@dataclass(frozen=True)
class Person:
    """A registered person and what the study knows about them."""

    participant: str
    site: str
    cohort: str
    profession: str
    age: int
    experience_years: int
    affiliated: str
    consent_survey: str
    consent_interview: str
    consent_quotes: str
    enrolled_on: str

    @property
    def eligible(self) -> bool:
        """Whether the person fulfils the criteria of the shipped study."""
        return (
            self.consent_survey == "yes"
            and self.experience_years >= 5
            and self.profession in PROFESSIONS
            and self.affiliated == "yes"
        )


def make_people(rng: np.random.Generator, sites: list[str], enrolled: int, extra: int) -> list[Person]:
    """Make the register: ``enrolled`` eligible people over unequal sites, and ``extra`` who are not eligible."""
    weights = np.array([1.0 + 0.9 * ((5 * place) % 7) / 6 for place in range(len(sites))])
    counts = np.maximum(5, np.floor(enrolled * weights / weights.sum())).astype(int)
    while counts.sum() != enrolled:
        counts[int(np.argmax(counts)) if counts.sum() > enrolled else int(np.argmin(counts / weights))] += (
            1 if counts.sum() < enrolled else -1
        )
    people = []
    for site, count in zip(sites, counts, strict=True):
        for place in range(count):
            cohort = COHORTS[len(people) % 2]
            experience = int(5 + rng.gamma(2.2, 4.5))
            people.append(
                Person(
                    participant=f"{site.upper()}-{place + 1:02d}",
                    site=site,
                    cohort=cohort,
                    profession=str(rng.choice(PROFESSIONS, p=SHARES[cohort])),
                    age=min(66, 22 + experience + int(rng.integers(0, 9))),
                    experience_years=min(40, experience),
                    affiliated="yes",
                    consent_survey="yes",
                    consent_interview="yes" if rng.random() < 0.8 else "no",
                    consent_quotes="yes" if rng.random() < 0.7 else "no",
                    enrolled_on=f"2025-{8 + int(rng.integers(0, 2)):02d}-{int(rng.integers(1, 28)):02d}",
                )
            )
    faults = (
        {"experience_years": 3, "age": 27},
        {"consent_survey": "no"},
        {"experience_years": 2, "age": 25},
        {"profession": "administrative staff"},
    )
    for place in range(extra):
        site = sites[(3 * place + 1) % len(sites)]
        base = {
            "participant": f"{site.upper()}-{90 + place:02d}",
            "site": site,
            "cohort": COHORTS[place % 2],
            "profession": "nurse",
            "age": 38,
            "experience_years": 12,
            "affiliated": "yes",
            "consent_survey": "yes",
            "consent_interview": "no",
            "consent_quotes": "no",
            "enrolled_on": "2025-08-20",
        }
        people.append(Person(**{**base, **faults[place % len(faults)]}))
    return people


def _answers(
    rng: np.random.Generator, trait: np.ndarray, scale: Scale, instrument: Instrument, loading: float
) -> dict[str, np.ndarray]:
    """Cut the latent answers of a scale's items into the allowed values, reversed items turned round."""
    values = np.array(instrument.values)
    answers = {}
    for place, item in enumerate(scale.items):
        own = np.clip(loading + 0.06 * ((place * 7) % 5 - 2) / 2, 0.2, 0.92)
        latent = own * trait + np.sqrt(1 - own**2) * rng.standard_normal(len(trait))
        cuts = np.linspace(-1.35, 1.35, len(values) - 1) + 0.25 * ((place * 3) % 5 - 2) / 2 - 0.1
        answer = values[np.searchsorted(cuts, latent)]
        answers[item] = values[0] + values[-1] - answer if item in instrument.reverse else answer
    return answers


def make_answers(
    rng: np.random.Generator, site: np.ndarray, cohort: np.ndarray, instruments: dict[str, Instrument]
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Draw complete answers before and after.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    site, cohort : numpy.ndarray of int, shape (people,)
        Number of the site, and 0 or 1 for the cohort.
    instruments : dict of str to Instrument
        The instruments.

    Returns
    -------
    tuple of dict
        Answers by item, before and after, each an array of shape (people,).
    """
    n = len(site)
    common = rng.standard_normal(n)
    before: dict[str, np.ndarray] = {}
    after: dict[str, np.ndarray] = {}
    for instrument in instruments.values():
        for scale in instrument.scales:
            good = 1 if scale.higher_is_better else -1
            place_effect = SITE_SD * rng.standard_normal(int(site.max()) + 1)[site]
            own = rng.standard_normal(n)
            trait = good * COMMON * common + np.sqrt(1 - COMMON**2) * own
            move = np.array(CHANGE.get(scale.id, (0.0, 0.0)))[cohort]
            later = STABILITY * trait + np.sqrt(1 - STABILITY**2) * rng.standard_normal(n) + move
            loading = LOADING.get(scale.id, 0.68)
            before |= _answers(rng, trait + place_effect, scale, instrument, loading)
            after |= _answers(rng, later + place_effect, scale, instrument, loading)
    return before, after


def _score(answers: dict[str, np.ndarray], scale: Scale, instrument: Instrument) -> np.ndarray:
    turned = [
        instrument.values[0] + instrument.values[-1] - answers[i] if i in instrument.reverse else answers[i]
        for i in scale.items
    ]
    total = np.mean(turned, axis=0) if scale.score == "mean" else np.sum(turned, axis=0)
    return total * scale.multiply


def true_values(rng: np.random.Generator, instruments: dict[str, Instrument], people: int = 100_000) -> list[list[Any]]:
    """Return what the model implies for each scale, read off a very large sample drawn from it.

    Returns
    -------
    list of list
        Rows ``scale, cohort, true_mean_pre, true_mean_post, true_change, true_sd_change, true_alpha_pre``,
        rounded to 4 decimals. Alpha is computed here from the large sample's covariances, by its definition.
    """
    cohort = np.arange(people) % 2
    site = rng.integers(0, 500, people)
    before, after = make_answers(rng, site, cohort, instruments)
    rows = []
    for instrument in instruments.values():
        for scale in instrument.scales:
            pre, post = _score(before, scale, instrument), _score(after, scale, instrument)
            turned = np.array(
                [
                    instrument.values[0] + instrument.values[-1] - before[i] if i in instrument.reverse else before[i]
                    for i in scale.items
                ]
            )
            covariance = np.cov(turned)
            k = len(scale.items)
            alpha = k / (k - 1) * (1 - np.trace(covariance) / covariance.sum())
            for place, name in ((None, "all"), (0, COHORTS[0]), (1, COHORTS[1])):
                chosen = slice(None) if place is None else cohort == place
                change = (post - pre)[chosen]
                rows.append(
                    [
                        scale.id,
                        name,
                        *(
                            round(float(x), 4)
                            for x in (pre[chosen].mean(), post[chosen].mean(), change.mean(), change.std(ddof=1), alpha)
                        ),
                    ]
                )
    return rows
