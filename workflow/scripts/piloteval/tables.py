"""The contracts of all result tables: columns, tier, what counts people, what may be released.

Every table a job writes is registered here; a table without a contract cannot be written, and the
contract decides what its tier may show. Row-level tables are Parquet, tables of statistics are CSV
(UTF-8, line feed, empty cell for missing).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from piloteval import tiers
from piloteval.errors import ContractError
from piloteval.tiers import Tier

if TYPE_CHECKING:
    import pandas as pd

TEXT, WHOLE, NUMBER = "text", "whole", "number"

#: The columns of :class:`piloteval.statistic.Statistic`, as kinds.
STATISTIC = {
    "question": TEXT,
    "estimate": NUMBER,
    "n": WHOLE,
    "method": TEXT,
    "ci_low": NUMBER,
    "ci_high": NUMBER,
    "ci_method": TEXT,
    "n_dropped": WHOLE,
    "dropped_reason": TEXT,
    "note": TEXT,
}
ESTIMATE = ("estimate", "ci_low", "ci_high", "n_dropped", "dropped_reason")
LEDGER = {
    "source": TEXT,
    "kind": TEXT,
    "wave": TEXT,
    "rows_read": WHOLE,
    "analysed": WHOLE,
    "quarantined": WHOLE,
    "excluded": WHOLE,
    "withdrawn": WHOLE,
}


@dataclass(frozen=True)
class Table:
    """The contract of one result table.

    Attributes
    ----------
    path : str
        Path below ``results/``; its first folder is the tier.
    what : str
        What a row is, for the documentation.
    columns : dict of str to str
        Column names in order with their kind: ``text``, ``whole`` or ``number``.
    keys : tuple of str
        Columns that together name a row.
    people : tuple of str
        Columns that count people; a row under the tier's floor is withheld.
    statistics : tuple of str
        Columns computed from those people; withheld with the count, rounded in the release tier.
    margins : tuple of (str, str)
        Columns whose parts add up to the row with the given total level (complementary suppression).
    rounded : tuple of str
        Counts that are no cell of people (flow, files) and are only rounded in the release tier.
    shares : tuple of (str, str, str)
        Percent columns as (part, whole, percent); recomputed from the shown counts.
    parts : tuple of (str, str, tuple of str)
        Counts of people within the row as (part, whole, columns that tell it); withheld by themselves where the part or
        the rest is under the floor.
    percents : tuple of str
        Percent columns that the release tier shows in the steps of its counts.
    coefficients : tuple of str
        Columns bounded by one; the release tier rounds them so that none becomes perfect, and their limits outwards.
    unpublished : tuple of str
        Columns that are empty in the release tier.
    unpublished_in : tuple of (str, str, tuple of str)
        Columns and values of rows, with the columns that are empty in them in the release tier.
    team_rows : tuple of (str, str)
        Columns and values of rows that are for the team only.
    released : bool
        Whether the release tier gets the table.
    """

    path: str
    what: str
    columns: dict[str, str]
    keys: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    statistics: tuple[str, ...] = ()
    margins: tuple[tuple[str, str], ...] = ()
    rounded: tuple[str, ...] = ()
    shares: tuple[tuple[str, str, str], ...] = ()
    parts: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    percents: tuple[str, ...] = ()
    coefficients: tuple[str, ...] = ()
    unpublished: tuple[str, ...] = ()
    unpublished_in: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    team_rows: tuple[tuple[str, str], ...] = ()
    released: bool = False

    @property
    def tier(self) -> str:
        """Name of the tier: the first folder of the path."""
        return self.path.split("/", 1)[0]


def _columns(**kinds: str) -> dict[str, str]:
    return kinds


#: Columns of the Delphi that the release tier leaves empty.
_AGAINST = _columns(
    against=TEXT,
    against_percent=NUMBER,
    against_low=NUMBER,
    against_high=NUMBER,
    ipr=NUMBER,
    ipras=NUMBER,
    disagreement=TEXT,
)
_ATTENDED = _columns(
    against=NUMBER,
    invited=WHOLE,
    response_percent=NUMBER,
    rated=WHOLE,
    part_way=WHOLE,
    first_round=WHOLE,
    stayed=WHOLE,
    stayed_percent=NUMBER,
    stayed_low=NUMBER,
    stayed_high=NUMBER,
    stayed_ci_method=TEXT,
    newcomers=WHOLE,
    ratings=WHOLE,
    ratings_missing=WHOLE,
    missing_percent=NUMBER,
)

PROBLEM = _columns(
    level=TEXT,
    rule=TEXT,
    who=TEXT,
    file=TEXT,
    sheet=TEXT,
    row=WHOLE,
    column=TEXT,
    found=TEXT,
    expected=TEXT,
    remedy=TEXT,
    effect=TEXT,
)

FLOW = _columns(step=TEXT, wave=TEXT, by=TEXT, group=TEXT, people=WHOLE, note=TEXT)
_COHORT = (("cohort", "all"),)

CONTRACTS: dict[str, Table] = {
    table.path: table
    for table in (
        # --------------------------------------------------------------------------- restricted
        Table(
            "restricted/quality/problems.csv",
            "a problem found at intake, with the value set aside and ids that are nearly the same",
            {"source": TEXT, **PROBLEM, "value": TEXT, "suggestion": TEXT},
        ),
        Table(
            "restricted/quality/rows_read.csv",
            "entries read and set aside in one file and wave, as the check counted them",
            _columns(source=TEXT, kind=TEXT, wave=TEXT, rows_read=WHOLE, quarantined=WHOLE),
            keys=("source", "wave"),
        ),
        *(
            Table(
                f"restricted/quality/rows_{name}.csv",
                "rows of one file and wave, accounted for",
                LEDGER,
                keys=("source", "wave"),
            )
            for name in ("certification", "codings", "consensus", "interviews", "people", "questionnaires")
        ),
        Table(
            "restricted/quality/accounting.csv",
            "rows of one file and wave: read = analysed + quarantined + excluded + withdrawn",
            {**LEDGER, "balance": WHOLE},
            keys=("source", "wave"),
        ),
        Table(
            "restricted/people/pseudonyms.parquet",
            "a registered person who consented to the survey: raw id, pseudonym, and whether admitted",
            _columns(participant=TEXT, person=TEXT, status=TEXT, reason=TEXT),
            keys=("participant",),
        ),
        Table(
            "restricted/people/participants.parquet",
            "an admitted participant",
            _columns(
                person=TEXT, site=TEXT, country=TEXT, cohort=TEXT, profession=TEXT, age=NUMBER, experience_years=NUMBER
            ),
            keys=("person",),
        ),
        Table(
            "restricted/people/screening.parquet",
            "a registered person without any id: cohort and country of those who consented, status and reason",
            _columns(cohort=TEXT, country=TEXT, status=TEXT, reason=TEXT),
        ),
        Table(
            "restricted/people/withdrawals.csv",
            "a list of withdrawals that the results honour",
            _columns(file=TEXT, sha256=TEXT),
            keys=("file",),
        ),
        Table(
            "restricted/people/deletions.csv",
            "a row or file of the raw data that a person must delete",
            _columns(why=TEXT, source=TEXT, file=TEXT, sheet=TEXT, row=WHOLE, column=TEXT, delete=TEXT),
        ),
        Table(
            "restricted/people/interviewees.parquet",
            "an interview: who may be heard",
            _columns(
                interview=TEXT,
                speaker=TEXT,
                cohort=TEXT,
                site=TEXT,
                country=TEXT,
                role=TEXT,
                wave=TEXT,
                held_on=TEXT,
                minutes=NUMBER,
                quotes=TEXT,
                status=TEXT,
                reason=TEXT,
            ),
            keys=("interview",),
        ),
        Table(
            "restricted/people/flow.csv",
            "a step of the participant flow with every count by cohort and country",
            FLOW,
            keys=("step", "wave", "by", "group"),
        ),
        Table(
            "restricted/measures/responses.parquet",
            "an answer",
            _columns(
                person=TEXT,
                site=TEXT,
                country=TEXT,
                cohort=TEXT,
                language=TEXT,
                wave=TEXT,
                instrument=TEXT,
                item=TEXT,
                value=NUMBER,
            ),
            keys=("person", "wave", "item"),
        ),
        Table(
            "restricted/measures/scores.parquet",
            "a scale score of a participant in a wave",
            _columns(
                person=TEXT,
                site=TEXT,
                country=TEXT,
                cohort=TEXT,
                wave=TEXT,
                scale=TEXT,
                score=NUMBER,
                answered=WHOLE,
                items=WHOLE,
                note=TEXT,
            ),
            keys=("person", "wave", "scale"),
        ),
        Table(
            "restricted/certification/audits.parquet",
            "an auditor's verdict on a standard in an institution",
            _columns(site=TEXT, track=TEXT, standard=TEXT, round=TEXT, auditor=TEXT, verdict=TEXT, audited_on=TEXT),
            keys=("site", "standard", "round", "auditor"),
        ),
        Table(
            "restricted/certification/ratings.parquet",
            "a rating of a standard on a dimension",
            _columns(site=TEXT, track=TEXT, standard=TEXT, rater=TEXT, dimension=TEXT, rating=NUMBER),
            keys=("standard", "rater", "dimension"),
        ),
        Table(
            "restricted/certification/applications.parquet",
            "an institution's application for a level",
            _columns(
                site=TEXT,
                track=TEXT,
                level=TEXT,
                running_since=TEXT,
                certified_level=TEXT,
                certified_since=TEXT,
                applied_on=TEXT,
            ),
            keys=("site", "track"),
        ),
        Table(
            "restricted/certification/competences.parquet",
            "a person's rating of a competence in a wave",
            _columns(person=TEXT, cohort=TEXT, standard=TEXT, core=TEXT, wave=TEXT, rating=NUMBER),
            keys=("person", "standard", "wave"),
        ),
        Table(
            "restricted/consensus/comments.csv",
            "a panellist's comment on a statement",
            _columns(panellist=TEXT, statement=TEXT, round=TEXT, comment=TEXT),
            keys=("panellist", "statement", "round"),
        ),
        Table(
            "restricted/interviews/texts.parquet",
            "a transcript without names: the text all offsets refer to, its sign-off, and whether it may be quoted",
            _columns(interview=TEXT, language=TEXT, cohort=TEXT, text=TEXT, sha256=TEXT, signed=TEXT, quotes=TEXT),
            keys=("interview",),
        ),
        Table(
            "restricted/interviews/replacements.parquet",
            "an identifying detail that was replaced, with its place before and after",
            _columns(
                interview=TEXT,
                kind=TEXT,
                by=TEXT,
                entry=TEXT,
                start=WHOLE,
                end=WHOLE,
                new_start=WHOLE,
                new_end=WHOLE,
                received=TEXT,
                shown=TEXT,
            ),
            keys=("interview", "start"),
        ),
        Table(
            "restricted/interviews/labelled.csv",
            "details a person marked in a transcript, and how many were replaced; and the words outside of every mark",
            _columns(interview=TEXT, language=TEXT, group=TEXT, labelled=WHOLE, replaced=WHOLE, to_judge=WHOLE),
            keys=("interview", "group"),
        ),
        Table(
            "restricted/interviews/unknown_words.csv",
            "a word that may be a name, for a person to judge: it goes into the deny-list, as a name or as harmless",
            _columns(language=TEXT, word=TEXT, why=TEXT, times=WHOLE, interview=TEXT, start=WHOLE),
            keys=("language", "word", "why"),
        ),
        Table(
            "restricted/interviews/segments.parquet",
            "a sentence of a participant",
            _columns(
                interview=TEXT,
                segment=WHOLE,
                language=TEXT,
                cohort=TEXT,
                turn=WHOLE,
                start=WHOLE,
                end=WHOLE,
                turn_at=NUMBER,
                text=TEXT,
            ),
            keys=("interview", "segment"),
        ),
        Table(
            "restricted/interviews/suggestions.parquet",
            "a code suggested for a sentence by the dictionary, with the cue that fired",
            _columns(
                interview=TEXT,
                segment=WHOLE,
                code=TEXT,
                theme=TEXT,
                start=WHOLE,
                end=WHOLE,
                cue=TEXT,
                kind=TEXT,
                negated=TEXT,
            ),
            keys=("interview", "segment", "code"),
        ),
        Table(
            "restricted/interviews/machines.parquet",
            "a code suggested for a sentence by a machine the study names besides the dictionary",
            _columns(coder=TEXT, interview=TEXT, segment=WHOLE, code=TEXT, score=NUMBER),
            keys=("coder", "interview", "segment", "code"),
        ),
        Table(
            "restricted/interviews/codings.parquet",
            "a passage coded by a person, checked against the stored text",
            _columns(coder=TEXT, interview=TEXT, code=TEXT, start=WHOLE, end=WHOLE, quote=TEXT),
            keys=("coder", "interview", "code", "start", "end"),
        ),
        Table(
            "restricted/coding/cases.parquet",
            "whether a code or theme comes up in an interview",
            _columns(interview=TEXT, kind=TEXT, code=TEXT, name=TEXT, theme=TEXT, present=WHOLE, sentences=WHOLE),
            keys=("interview", "kind", "code"),
        ),
        Table(
            "restricted/coding/steps.parquet",
            "new codes of an interview, in the order held or, where a day is missing, of the ids",
            _columns(cohort=TEXT, place=WHOLE, interview=TEXT, codes=WHOLE, new=WHOLE, found=WHOLE, order_by=TEXT),
            keys=("cohort", "place"),
        ),
        Table(
            "restricted/coding/pairs.csv",
            "a pair of codes or themes: how often they come up together, and would by chance",
            _columns(
                kind=TEXT,
                unit=TEXT,
                code_1=TEXT,
                name_1=TEXT,
                code_2=TEXT,
                name_2=TEXT,
                verdict=TEXT,
                people=WHOLE,
                alone_1=WHOLE,
                alone_2=WHOLE,
                wider=WHOLE,
                both=WHOLE,
                first=WHOLE,
                second=WHOLE,
                c=NUMBER,
                overlap=NUMBER,
                band_low=NUMBER,
                band_high=NUMBER,
                band_method=TEXT,
                p=NUMBER,
                p_adjusted=NUMBER,
                p_method=TEXT,
                note=TEXT,
            ),
            keys=("kind", "unit", "code_1", "code_2"),
        ),
        Table(
            "restricted/coding/disagreements.csv",
            "a sentence on whose code two coders differ, with what each of them marked",
            _columns(
                interview=TEXT,
                segment=WHOLE,
                code=TEXT,
                kind=TEXT,
                coder_with=TEXT,
                coder_without=TEXT,
                quote_with=TEXT,
                codes_without=TEXT,
                quote_without=TEXT,
                text=TEXT,
                digest=TEXT,
            ),
            keys=("interview", "segment", "code", "coder_with", "coder_without"),
        ),
        Table(
            "restricted/coding/final.parquet",
            "a final code of a sentence",
            _columns(interview=TEXT, segment=WHOLE, code=TEXT, source=TEXT, marked=WHOLE, coders=WHOLE),
            keys=("interview", "segment", "code"),
        ),
        Table(
            "restricted/coding/counted.parquet",
            "a code of a sentence that counts: of people where people worked, of the dictionary elsewhere",
            _columns(interview=TEXT, segment=WHOLE, code=TEXT, theme=TEXT, source=TEXT, use=TEXT),
            keys=("interview", "segment", "code"),
        ),
        Table(
            "restricted/coding/worked.parquet",
            "an interview a coder worked on",
            _columns(coder=TEXT, interview=TEXT),
            keys=("coder", "interview"),
        ),
        Table(
            "restricted/coding/decisions_unused.csv",
            "a decision on a code that could not be applied",
            _columns(
                interview=TEXT,
                segment=WHOLE,
                code=TEXT,
                decision=TEXT,
                decided_by=TEXT,
                decided_on=TEXT,
                why=TEXT,
            ),
        ),
        Table(
            "restricted/coding/quotes.csv",
            "a quote a person approved, and the theme it is used for or why it is not used",
            _columns(
                interview=TEXT,
                start=WHOLE,
                end=WHOLE,
                used=TEXT,
                reason=TEXT,
                theme=TEXT,
                number=WHOLE,
                role=TEXT,
                person=TEXT,
                cohort=TEXT,
                quote=TEXT,
                themes=TEXT,
                approved_by=TEXT,
                approved_on=TEXT,
            ),
        ),
        Table(
            "restricted/coding/open.csv",
            "a code of a sentence that waits for a person",
            _columns(
                interview=TEXT,
                segment=WHOLE,
                code=TEXT,
                coders_with=TEXT,
                coders_without=TEXT,
                marked=WHOLE,
                coders=WHOLE,
                why=TEXT,
                digest=TEXT,
            ),
            keys=("interview", "segment", "code"),
        ),
        Table(
            "internal/quality/problems.csv",
            "a problem found at intake, with its remedy and who can mend it",
            PROBLEM,
        ),
        Table(
            "internal/quality/files.csv",
            "a raw file as received; one of several waves has a row a wave",
            _columns(
                source=TEXT,
                kind=TEXT,
                path=TEXT,
                site=TEXT,
                wave=TEXT,
                form=TEXT,
                dialect=TEXT,
                bytes=WHOLE,
                sha256=TEXT,
                received=TEXT,
            ),
            keys=("source", "wave"),
        ),
        Table(
            "internal/quality/accounting.csv",
            "rows of one kind and wave: read = analysed + quarantined + excluded + withdrawn",
            {
                "kind": TEXT,
                "wave": TEXT,
                "files": WHOLE,
                **{name: LEDGER[name] for name in ("rows_read", "analysed", "quarantined", "excluded", "withdrawn")},
                "balance": WHOLE,
            },
            keys=("kind", "wave"),
            rounded=("files", "rows_read", "analysed", "quarantined", "excluded", "withdrawn"),
            released=True,
        ),
        # --------------------------------------------------------------------------- internal: sample
        # A flow diagram has to add up, so the totals of its steps are exact for the team; counts by cohort and country
        # were withheld before, under the floor of the tier. The public gets no reasons and no groups.
        Table(
            "internal/quality/flow.csv",
            "a step of the participant flow, in all, by reason, cohort or country",
            FLOW,
            keys=("step", "wave", "by", "group"),
            rounded=("people",),
            team_rows=(("by", "reason"), ("by", "cohort"), ("by", "country")),
            released=True,
        ),
        Table(
            "internal/sample/characteristics.csv",
            "participants with a characteristic",
            _columns(variable=TEXT, level=TEXT, cohort=TEXT, people=WHOLE, of_people=WHOLE, percent=NUMBER, note=TEXT),
            keys=("variable", "level", "cohort"),
            people=("people",),
            statistics=("percent",),
            margins=(("cohort", "all"), ("level", "all")),
            rounded=("of_people",),
            shares=(("people", "of_people", "percent"),),
            released=True,
        ),
        Table(
            "internal/sample/waves.csv",
            "participants by the waves they answered",
            _columns(pattern=TEXT, cohort=TEXT, people=WHOLE, note=TEXT),
            keys=("pattern", "cohort"),
            people=("people",),
            margins=(("cohort", "all"), ("pattern", "all")),
            released=True,
        ),
        Table(
            "internal/sample/scores.csv",
            "scores of a scale in a wave",
            _columns(
                scale=TEXT,
                label=TEXT,
                wave=TEXT,
                cohort=TEXT,
                range_low=NUMBER,
                range_high=NUMBER,
                n=WHOLE,
                n_without_score=WHOLE,
                mean=NUMBER,
                sd=NUMBER,
                median=NUMBER,
                q1=NUMBER,
                q3=NUMBER,
                floor_people=WHOLE,
                floor_percent=NUMBER,
                ceiling_people=WHOLE,
                ceiling_percent=NUMBER,
                note=TEXT,
            ),
            keys=("scale", "wave", "cohort"),
            people=("n",),
            statistics=(
                *("n_without_score", "mean", "sd", "median", "q1", "q3"),
                *("floor_people", "floor_percent", "ceiling_people", "ceiling_percent"),
            ),
            margins=_COHORT,
            parts=(
                ("floor_people", "n", ("floor_percent",)),
                ("ceiling_people", "n", ("ceiling_percent",)),
            ),
            shares=(("floor_people", "n", "floor_percent"), ("ceiling_people", "n", "ceiling_percent")),
            released=True,
        ),
        # --------------------------------------------------------------------------- internal: measures
        Table(
            "internal/reliability/scales.csv",
            "a reliability coefficient of a scale in a wave, over all languages or in one",
            _columns(
                scale=TEXT,
                label=TEXT,
                instrument_status=TEXT,
                wave=TEXT,
                language=TEXT,
                statistic=TEXT,
                items=WHOLE,
                published_low=NUMBER,
                published_high=NUMBER,
                published_source=TEXT,
                published_reading=TEXT,
            )
            | STATISTIC
            | _columns(df=TEXT, p=NUMBER),
            keys=("scale", "wave", "language", "statistic"),
            people=("n",),
            statistics=(*ESTIMATE, "published_reading", "p"),
            coefficients=("estimate", "ci_low", "ci_high"),
            unpublished=("df", "p"),
            released=True,
        ),
        Table(
            "internal/reliability/items.csv",
            "an item of a scale in a wave",
            _columns(
                scale=TEXT,
                label=TEXT,
                item=TEXT,
                wave=TEXT,
                reversed=TEXT,
                n=WHOLE,
                mean=NUMBER,
                sd=NUMBER,
                item_total=NUMBER,
                item_rest=NUMBER,
                alpha_if_deleted=NUMBER,
                loading=NUMBER,
                note=TEXT,
            ),
            keys=("scale", "item", "wave"),
            people=("n",),
            statistics=("mean", "sd", "item_total", "item_rest", "alpha_if_deleted", "loading"),
            coefficients=("item_total", "item_rest", "alpha_if_deleted", "loading"),
            released=True,
        ),
        Table(
            "internal/reliability/answers.csv",
            "people who gave one of neighbouring answers to an item, as asked; neighbours are joined up to the floor",
            _columns(
                instrument=TEXT,
                name=TEXT,
                item=TEXT,
                reversed=TEXT,
                wave=TEXT,
                answer_low=NUMBER,
                answer_high=NUMBER,
                people=WHOLE,
                of_people=WHOLE,
                percent=NUMBER,
                note=TEXT,
            ),
            keys=("item", "wave", "answer_low"),
            people=("people",),
            statistics=("of_people", "percent"),
        ),
        Table(
            "internal/reliability/raters.csv",
            "agreement of the auditors of a track, or of those who rated the standards on a dimension",
            _columns(about=TEXT, group=TEXT, level=TEXT, statistic=TEXT, unit=TEXT, raters=WHOLE, institutions=WHOLE)
            | STATISTIC,
            keys=("about", "group", "level", "statistic"),
        ),
        Table(
            "internal/change/outcomes.csv",
            "an estimate of change in an outcome",
            _columns(scale=TEXT, label=TEXT, role=TEXT, cohort=TEXT, direction=TEXT, statistic=TEXT)
            | STATISTIC
            | _columns(reading=TEXT, reading_adjusted=TEXT, relevant_change=NUMBER)
            | _columns(p=NUMBER, p_adjusted=NUMBER, p_method=TEXT)
            | {"class": TEXT},
            keys=("scale", "cohort", "statistic"),
            people=("n",),
            statistics=(*ESTIMATE, "reading", "reading_adjusted", "p", "p_adjusted", "class"),
            unpublished=("p", "p_adjusted", "p_method"),
            unpublished_in=(("statistic", "Bayes factor", ("estimate",)),),
            team_rows=(("statistic", "rank-biserial"), ("statistic", "share with a higher score")),
            released=True,
        ),
        Table(
            "internal/change/improved.csv",
            "participants whose score moved in the better direction",
            _columns(scale=TEXT, label=TEXT, role=TEXT, cohort=TEXT, improved=WHOLE) | STATISTIC,
            keys=("scale", "cohort"),
            people=("n",),
            statistics=("improved", *ESTIMATE),
            parts=(("improved", "n", ("estimate", "ci_low", "ci_high")),),
            percents=("ci_low", "ci_high"),
            shares=(("improved", "n", "estimate"),),
            released=True,
        ),
        Table(
            "internal/change/robustness.csv",
            "the change of an outcome under one specification",
            _columns(scale=TEXT, label=TEXT, role=TEXT, cohort=TEXT, direction=TEXT, specification=TEXT, who=TEXT)
            | STATISTIC
            | _columns(df=TEXT, p=NUMBER, smallest_p=NUMBER, reading=TEXT, same_as=TEXT),
            keys=("scale", "cohort", "specification"),
            people=("n",),
            statistics=(*ESTIMATE, "p", "smallest_p", "reading", "same_as"),
            unpublished=("df", "p", "smallest_p"),
            released=True,
        ),
        Table(
            "internal/change/responders.csv",
            "participants beyond a threshold of change, by class",
            _columns(
                scale=TEXT,
                label=TEXT,
                role=TEXT,
                cohort=TEXT,
                rule=TEXT,
                outcome_class=TEXT,
                people=WHOLE,
                threshold=NUMBER,
            )
            | STATISTIC,
            keys=("scale", "cohort", "rule", "outcome_class"),
            people=("people", "n"),
            statistics=(*ESTIMATE, "threshold"),
            margins=(("outcome_class", "all"),),
            shares=(("people", "n", "estimate"),),
            percents=("ci_low", "ci_high"),
            released=True,
        ),
        Table(
            "internal/change/missing.csv",
            "who is missing in an outcome, and what that may do to its change",
            _columns(scale=TEXT, label=TEXT, role=TEXT, cohort=TEXT, design=TEXT, statistic=TEXT) | STATISTIC,
            keys=("scale", "cohort", "statistic"),
            people=("n",),
            statistics=ESTIMATE,
        ),
        Table(
            "internal/change/subgroups.csv",
            "the mean change of an outcome in a cohort, descriptive",
            _columns(scale=TEXT, label=TEXT, role=TEXT, cohort=TEXT) | STATISTIC,
            keys=("scale", "cohort"),
            people=("n",),
            statistics=ESTIMATE,
        ),
        Table(
            "internal/change/items.csv",
            "the change of a single item",
            _columns(instrument=TEXT, item=TEXT, reversed=TEXT, statistic=TEXT)
            | STATISTIC
            | _columns(p=NUMBER, p_method=TEXT),
            keys=("item",),
            people=("n",),
            statistics=(*ESTIMATE, "p"),
        ),
        Table(
            "internal/change/progression.csv",
            "a criterion for going on, and what the pilot found",
            _columns(
                criterion=TEXT,
                label=TEXT,
                measure=TEXT,
                green=NUMBER,
                amber=NUMBER,
                light=TEXT,
                source=TEXT,
            )
            | STATISTIC,
            keys=("criterion",),
            people=("n",),
            statistics=(*ESTIMATE, "light"),
        ),
        Table(
            "internal/change/means.csv",
            "the mean of an outcome in a wave, paired participants",
            _columns(scale=TEXT, label=TEXT, role=TEXT, cohort=TEXT, wave=TEXT) | STATISTIC,
            keys=("scale", "cohort", "wave"),
            people=("n",),
            statistics=ESTIMATE,
            released=True,
        ),
        Table(
            "internal/change/paths.csv",
            "the mean of a group of participants on a similar level, in a wave",
            _columns(
                scale=TEXT,
                label=TEXT,
                role=TEXT,
                cohort=TEXT,
                group=WHOLE,
                wave=TEXT,
                people=WHOLE,
                mean=NUMBER,
                note=TEXT,
            ),
            keys=("scale", "cohort", "group", "wave"),
            people=("people",),
            statistics=("mean",),
        ),
        # --------------------------------------------------------------------------- internal: certification
        Table(
            "internal/certification/standards.csv",
            "a standard over the institutions, external audit",
            _columns(
                track=TEXT,
                standard=TEXT,
                section=TEXT,
                short_name=TEXT,
                core=TEXT,
                tier=TEXT,
                status=TEXT,
                institutions=WHOLE,
                met=WHOLE,
                partly_met=WHOLE,
                not_met=WHOLE,
                not_applicable=WHOLE,
                disputed=WHOLE,
                note=TEXT,
            ),
            keys=("standard",),
        ),
        Table(
            "internal/certification/institutions.csv",
            "an institution in a track and round",
            _columns(
                site=TEXT,
                name=TEXT,
                country=TEXT,
                setting=TEXT,
                track=TEXT,
                round=TEXT,
                standards=WHOLE,
                applicable=WHOLE,
                met=WHOLE,
                partly_met=WHOLE,
                not_met=WHOLE,
                disputed=WHOLE,
                percent_met=NUMBER,
                note=TEXT,
            ),
            keys=("site", "track", "round"),
        ),
        Table(
            "internal/certification/verdicts.csv",
            "the verdict on a standard in an institution",
            _columns(site=TEXT, name=TEXT, track=TEXT, standard=TEXT, verdict=TEXT, self_verdict=TEXT, note=TEXT),
            keys=("site", "standard"),
        ),
        Table(
            "internal/certification/ratings.csv",
            "the ratings of a standard on a dimension",
            _columns(track=TEXT, standard=TEXT, status=TEXT, dimension=TEXT, median=NUMBER, q1=NUMBER, q3=NUMBER)
            | STATISTIC,
            keys=("standard", "dimension"),
            people=("n",),
            statistics=("median", "q1", "q3", *ESTIMATE),
            percents=("estimate", "ci_low", "ci_high"),
            released=True,
        ),
        Table(
            "internal/certification/indicators.csv",
            "an indicator over the institutions in a period",
            _columns(indicator=TEXT, period=TEXT, institutions=WHOLE, mean=NUMBER, sd=NUMBER, median=NUMBER, note=TEXT),
            keys=("indicator", "period"),
        ),
        Table(
            "internal/certification/auditors.csv",
            "the agreement of external auditors on a standard, or of a self-assessment with the external audit",
            _columns(about=TEXT, track=TEXT, standard=TEXT, statistic=TEXT, institutions=WHOLE) | STATISTIC,
            keys=("about", "track", "standard", "statistic"),
        ),
        Table(
            "internal/certification/disagreements.csv",
            "a standard of an institution on which external auditors differ",
            _columns(
                site=TEXT,
                track=TEXT,
                standard=TEXT,
                short_name=TEXT,
                verdicts=TEXT,
                steps_apart=WHOLE,
                final_verdict=TEXT,
                settled=TEXT,
                note=TEXT,
            ),
            keys=("site", "standard"),
        ),
        Table(
            "internal/certification/effort.csv",
            "time or cost of the audit visits of a round",
            _columns(
                round=TEXT,
                measure=TEXT,
                unit=TEXT,
                visits=WHOLE,
                institutions=WHOLE,
                median=NUMBER,
                low=NUMBER,
                high=NUMBER,
                per_institution=NUMBER,
                note=TEXT,
            ),
            keys=("round", "measure", "unit"),
        ),
        Table(
            "internal/certification/validity.csv",
            "what the ratings of a standard on a dimension say of its content validity",
            _columns(track=TEXT, standard=TEXT, short_name=TEXT, status=TEXT, dimension=TEXT, statistic=TEXT, unit=TEXT)
            | STATISTIC,
            keys=("standard", "dimension", "statistic"),
            people=("n",),
            statistics=ESTIMATE,
        ),
        Table(
            "internal/certification/tracks.csv",
            "the content validity of all standards of a track on a dimension",
            _columns(track=TEXT, dimension=TEXT, statistic=TEXT, raters=WHOLE) | STATISTIC,
            keys=("track", "dimension", "statistic"),
            people=("raters",),
            statistics=ESTIMATE,
        ),
        Table(
            "internal/certification/proposals.csv",
            "what the ratings propose to do with a standard, and what a person decided",
            _columns(
                track=TEXT,
                standard=TEXT,
                short_name=TEXT,
                status=TEXT,
                proposal=TEXT,
                reason=TEXT,
                other_reasons=TEXT,
                clear=TEXT,
                dimension=TEXT,
            )
            | STATISTIC
            | _columns(
                state=TEXT,
                outcome=TEXT,
                decision=TEXT,
                decision_reason=TEXT,
                decided_by=TEXT,
                decided_on=TEXT,
                decision_note=TEXT,
                rule=TEXT,
                rule_status=TEXT,
            ),
            keys=("standard",),
            people=("n",),
            statistics=("proposal", "reason", "other_reasons", "clear", "dimension", *ESTIMATE),
        ),
        Table(
            "internal/certification/correlations.csv",
            "an indicator of the institutions against their share of standards met",
            _columns(track=TEXT, indicator=TEXT, measure=TEXT, period=TEXT)
            | STATISTIC
            | _columns(p=NUMBER, p_method=TEXT, p_adjusted=NUMBER, detectable=NUMBER, sentence=TEXT),
            keys=("track", "indicator", "measure", "period"),
        ),
        Table(
            "internal/certification/points.csv",
            "an institution's indicator beside its share of standards met",
            _columns(
                track=TEXT,
                indicator=TEXT,
                measure=TEXT,
                period=TEXT,
                site=TEXT,
                name=TEXT,
                value=NUMBER,
                percent_met=NUMBER,
            ),
            keys=("track", "indicator", "measure", "period", "site"),
        ),
        Table(
            "internal/certification/decisions.csv",
            "the level of an institution in a track, or in a combination of tracks",
            _columns(
                site=TEXT,
                name=TEXT,
                country=TEXT,
                setting=TEXT,
                track=TEXT,
                applied_level=TEXT,
                granted=TEXT,
                level=TEXT,
                possible_level=TEXT,
                next_level=TEXT,
                about_level=TEXT,
                standards=WHOLE,
                core_met=NUMBER,
                core_of=WHOLE,
                core_percent=NUMBER,
                core_least=NUMBER,
                core_missing=WHOLE,
                elementary_met=NUMBER,
                elementary_of=WHOLE,
                elementary_percent=NUMBER,
                elementary_least=NUMBER,
                elementary_missing=WHOLE,
                advanced_met=NUMBER,
                advanced_of=WHOLE,
                advanced_percent=NUMBER,
                advanced_least=NUMBER,
                advanced_missing=WHOLE,
                overall_met=NUMBER,
                overall_of=WHOLE,
                overall_percent=NUMBER,
                overall_least=NUMBER,
                overall_missing=WHOLE,
                core_unknown=WHOLE,
                met=WHOLE,
                partly_met=WHOLE,
                not_met=WHOLE,
                not_applicable=WHOLE,
                not_assessed=WHOLE,
                disputed=WHOLE,
                beyond=WHOLE,
                placeholders=WHOLE,
                prerequisites=TEXT,
                rounds=TEXT,
                valid_until=TEXT,
                audit_from=TEXT,
                held_until=TEXT,
                status=TEXT,
                note=TEXT,
            ),
            keys=("site", "track"),
        ),
        Table(
            "internal/certification/ladder.csv",
            "a level of an institution in a track, with every share and what is asked for",
            _columns(
                site=TEXT,
                track=TEXT,
                place=WHOLE,
                level=TEXT,
                label=TEXT,
                reached=TEXT,
                alone=TEXT,
                standards=WHOLE,
                core_met=NUMBER,
                core_of=WHOLE,
                core_percent=NUMBER,
                core_least=NUMBER,
                core_missing=WHOLE,
                elementary_met=NUMBER,
                elementary_of=WHOLE,
                elementary_percent=NUMBER,
                elementary_least=NUMBER,
                elementary_missing=WHOLE,
                advanced_met=NUMBER,
                advanced_of=WHOLE,
                advanced_percent=NUMBER,
                advanced_least=NUMBER,
                advanced_missing=WHOLE,
                overall_met=NUMBER,
                overall_of=WHOLE,
                overall_percent=NUMBER,
                overall_least=NUMBER,
                overall_missing=WHOLE,
                core_unknown=WHOLE,
                met=WHOLE,
                partly_met=WHOLE,
                not_met=WHOLE,
                not_applicable=WHOLE,
                not_assessed=WHOLE,
                disputed=WHOLE,
                beyond=WHOLE,
                placeholders=WHOLE,
                prerequisites=TEXT,
                status=TEXT,
            ),
            keys=("site", "track", "level"),
        ),
        Table(
            "internal/certification/to_next_level.csv",
            "what stands between an institution and its next level",
            _columns(
                site=TEXT,
                name=TEXT,
                track=TEXT,
                level=TEXT,
                item=TEXT,
                standard=TEXT,
                short_name=TEXT,
                core=TEXT,
                tier=TEXT,
                verdict=TEXT,
                counts_as=TEXT,
                answer=TEXT,
                reason=TEXT,
                catalogue_status=TEXT,
                status=TEXT,
            ),
            keys=("site", "track", "item", "standard"),
        ),
        Table(
            "internal/certification/alternatives.csv",
            "the level of an institution with another verdict or core flag",
            _columns(
                site=TEXT,
                track=TEXT,
                standard=TEXT,
                short_name=TEXT,
                about=TEXT,
                supposed=TEXT,
                auditors=WHOLE,
                level=TEXT,
                possible_level=TEXT,
                asked_level=TEXT,
                answer=TEXT,
                matters=TEXT,
                catalogue_status=TEXT,
                status=TEXT,
            ),
            keys=("site", "track", "standard", "about", "supposed"),
        ),
        Table(
            "internal/certification/sensitivity.csv",
            "the lowest and highest level of an institution over all verdicts in dispute",
            _columns(
                site=TEXT,
                track=TEXT,
                asked_level=TEXT,
                answer=TEXT,
                level=TEXT,
                possible_level=TEXT,
                disputed=WHOLE,
                lowest_level=TEXT,
                highest_level=TEXT,
                worst_answer=TEXT,
                best_answer=TEXT,
                hangs_on=TEXT,
                core_unknown=WHOLE,
                lowest_with_flags=TEXT,
                highest_with_flags=TEXT,
                exact=TEXT,
                status=TEXT,
                note=TEXT,
            ),
            keys=("site", "track"),
        ),
        Table(
            "internal/certification/competences.csv",
            "how a competence is rated by a cohort in a wave, or how the rating changed",
            _columns(
                standard=TEXT,
                section=TEXT,
                short_name=TEXT,
                core=TEXT,
                status=TEXT,
                cohort=TEXT,
                wave=TEXT,
                statistic=TEXT,
            )
            | STATISTIC,
            keys=("standard", "cohort", "wave", "statistic"),
            people=("n",),
            statistics=ESTIMATE,
        ),
        Table(
            "internal/certification/training.csv",
            "what is known of the training on a level of its evaluation",
            _columns(level=TEXT, measure=TEXT, label=TEXT, when=TEXT) | STATISTIC,
            keys=("level", "measure", "when"),
        ),
        Table(
            "internal/consensus/statements.csv",
            "the ratings of a statement on a dimension in a round",
            _columns(
                statement=TEXT,
                status=TEXT,
                round=TEXT,
                dimension=TEXT,
                median=NUMBER,
                q1=NUMBER,
                q3=NUMBER,
                agreed=TEXT,
            )
            | {name: kind for name, kind in STATISTIC.items() if name != "note"}
            | _columns(percentile_rule=TEXT)
            | _AGAINST
            | _columns(note=TEXT),
            keys=("statement", "round", "dimension"),
            people=("n",),
            statistics=("median", "q1", "q3", "agreed", *ESTIMATE, *_AGAINST),
            percents=("estimate", "ci_low", "ci_high"),
            unpublished=tuple(_AGAINST),
            released=True,
        ),
        Table(
            "internal/consensus/rounds.csv",
            "a round of the Delphi",
            _columns(round=TEXT, panellists=WHOLE, statements=WHOLE, consensus=NUMBER, rule=TEXT, rule_status=TEXT)
            | _ATTENDED
            | _columns(note=TEXT),
            keys=("round",),
            people=("panellists",),
            statistics=("consensus", *_ATTENDED),
            unpublished=tuple(_ATTENDED),
            released=True,
        ),
        Table(
            "internal/consensus/verdicts.csv",
            "what all rounds together say of a statement",
            _columns(
                statement=TEXT,
                status=TEXT,
                dimension=TEXT,
                verdict=TEXT,
                reached_in=TEXT,
                closed=TEXT,
                rounds_rated=WHOLE,
                last_round=TEXT,
                n=WHOLE,
                note=TEXT,
            ),
            keys=("statement", "dimension"),
            people=("n",),
            statistics=("verdict", "reached_in", "closed"),
        ),
        Table(
            "internal/consensus/stability.csv",
            "how stable the ratings of a statement are between two rounds",
            _columns(
                statement=TEXT,
                status=TEXT,
                first_round=TEXT,
                second_round=TEXT,
                dimension=TEXT,
                statistic=TEXT,
                unit=TEXT,
            )
            | STATISTIC
            | _columns(df=WHOLE, p=NUMBER),
            keys=("statement", "first_round", "second_round", "dimension", "statistic"),
            people=("n",),
            statistics=(*ESTIMATE, "df", "p"),
        ),
        Table(
            "internal/consensus/concordance.csv",
            "how alike the panellists order the statements of a round",
            _columns(round=TEXT, dimension=TEXT, statements=WHOLE, statements_in_round=WHOLE)
            | STATISTIC
            | _columns(chi2=NUMBER, df=WHOLE, p=NUMBER),
            keys=("round", "dimension"),
            people=("n",),
            statistics=(*ESTIMATE, "chi2", "df", "p"),
        ),
        Table(
            "internal/consensus/numbers.csv",
            "the number of a statement in a round",
            _columns(
                round=TEXT, number=TEXT, statement=TEXT, change=TEXT, number_before=TEXT, panellists=WHOLE, note=TEXT
            ),
            keys=("round", "statement"),
            people=("panellists",),
        ),
        Table(
            "internal/consensus/comments.csv",
            "comments on a statement in a round",
            _columns(statement=TEXT, round=TEXT, comments=WHOLE, note=TEXT),
            keys=("statement", "round"),
            people=("comments",),
        ),
        # --------------------------------------------------------------------------- internal: themes
        Table(
            "internal/themes/agreement.csv",
            "how far two coders, or a coder and the dictionary, agree on a code at a unit",
            # Withheld and rounded where it is made, since what follows from it hangs on who worked on which interview;
            # what was left out of a comparison would tell of few interviews.
            _columns(
                pair=TEXT,
                pair_kind=TEXT,
                first=TEXT,
                second=TEXT,
                unit=TEXT,
                code=TEXT,
                name=TEXT,
                theme=TEXT,
                interviews=WHOLE,
                measure=TEXT,
            )
            | {name: kind for name, kind in STATISTIC.items() if name not in ("n_dropped", "dropped_reason")},
            keys=("pair", "unit", "code", "measure"),
        ),
        Table(
            "internal/themes/outcomes.csv",
            "what became of the codes people gave",
            _columns(outcome=TEXT, codes=WHOLE, interviews=WHOLE, note=TEXT),
            keys=("outcome",),
            people=("interviews",),
            statistics=("codes",),
        ),
        Table(
            "internal/themes/claims.csv",
            "whether a code may be used for claims",
            _columns(code=TEXT, name=TEXT, theme=TEXT, verdict=TEXT, use=TEXT, reason=TEXT, decided=TEXT),
            keys=("code",),
        ),
        Table(
            "internal/themes/matrix.csv",
            "people who speak of a code or theme, in a group",
            _columns(
                kind=TEXT,
                code=TEXT,
                name=TEXT,
                theme=TEXT,
                by=TEXT,
                group=TEXT,
                people=WHOLE,
                of_people=WHOLE,
                percent=NUMBER,
                ci_low=NUMBER,
                ci_high=NUMBER,
                ci_method=TEXT,
                note=TEXT,
            ),
            keys=("kind", "code", "by", "group"),
            people=("people",),
            statistics=("percent", "ci_low", "ci_high"),
            margins=(("group", "all"),),
            shares=(("people", "of_people", "percent"),),
            percents=("ci_low", "ci_high"),
            rounded=("of_people",),
        ),
        Table(
            "internal/themes/dimensions.csv",
            "what people who were interviewed are grouped by",
            _columns(by=TEXT, shown=TEXT, groups=TEXT, note=TEXT),
            keys=("by",),
        ),
        Table(
            "internal/themes/cooccurrence.csv",
            "a pair of codes or themes that come up together",
            # Listed where it is made: a number would have to be of enough people with both, the one and the other. A
            # row with `all` as its codes counts the pairs that were compared.
            _columns(
                kind=TEXT,
                unit=TEXT,
                code_1=TEXT,
                name_1=TEXT,
                code_2=TEXT,
                name_2=TEXT,
                verdict=TEXT,
                c=NUMBER,
                overlap=NUMBER,
                band_low=NUMBER,
                band_high=NUMBER,
                band_method=TEXT,
                p_adjusted=NUMBER,
                p_method=TEXT,
                compared=WHOLE,
                note=TEXT,
            ),
            keys=("kind", "unit", "code_1", "code_2"),
        ),
        Table(
            "internal/themes/saturation.csv",
            "how many interviews it took until the codes of the codebook were covered, under a rule of saturation",
            _columns(
                cohort=TEXT,
                base=WHOLE,
                run=WHOLE,
                threshold=NUMBER,
                rule=TEXT,
                people=WHOLE,
                interviews=WHOLE,
                order_by=TEXT,
                held=TEXT,
                reported=TEXT,
                needed=WHOLE,
                median=WHOLE,
                low=WHOLE,
                high=WHOLE,
                orders_percent=WHOLE,
                method=TEXT,
                note=TEXT,
            ),
            keys=("cohort", "base", "run", "threshold"),
            people=("people",),
            statistics=("interviews", "held", "reported", "needed", "median", "low", "high", "orders_percent"),
            margins=_COHORT,
        ),
        Table(
            "internal/themes/saturation_curve.csv",
            "percent of the codes of all interviews that come up in so many, in random orders",
            _columns(
                cohort=TEXT,
                interviews=WHOLE,
                people=WHOLE,
                median_percent=WHOLE,
                low_percent=WHOLE,
                high_percent=WHOLE,
                method=TEXT,
                note=TEXT,
            ),
            keys=("cohort", "interviews"),
            people=("people",),
            statistics=("median_percent", "low_percent", "high_percent"),
        ),
        Table(
            "internal/themes/code_frequency.csv",
            "codes by the number of people who speak of them",
            _columns(people_from=WHOLE, people_to=WHOLE, codes=WHOLE, all_codes=WHOLE, percent=NUMBER),
            keys=("people_from",),
        ),
        Table(
            "internal/themes/quotes.csv",
            "words of a participant that a person approved, with the role of the speaker",
            _columns(theme=TEXT, name=TEXT, number=WHOLE, quote=TEXT, role=TEXT),
            keys=("theme", "number"),
        ),
        Table(
            "internal/themes/codebook_changes.csv",
            "a change of a code against the version of the codebook before, and the sentences it moves",
            _columns(
                code=TEXT,
                change=TEXT,
                before=TEXT,
                after=TEXT,
                sentences_before=WHOLE,
                sentences_after=WHOLE,
                gained=WHOLE,
                lost=WHOLE,
                interviews=WHOLE,
                note=TEXT,
            ),
            keys=("code", "change"),
            people=("interviews",),
            statistics=("sentences_before", "sentences_after", "gained", "lost"),
        ),
        Table(
            "internal/themes/basis.csv",
            "whose codes count, whether agreement on them was checked, and how many of the codebook claims may use",
            _columns(source=TEXT, checked=TEXT, codes=WHOLE, codes_used=WHOLE),
            keys=("source",),
            released=True,
        ),
        # --------------------------------------------------------------------------- internal: interviews
        Table(
            "internal/interviews/transcripts.csv",
            "interviews by cohort",
            _columns(
                cohort=TEXT,
                interviews=WHOLE,
                languages=NUMBER,
                words=WHOLE,
                sentences=WHOLE,
                signed_off=WHOLE,
                changed_since=WHOLE,
                note=TEXT,
            ),
            keys=("cohort",),
            people=("interviews",),
            statistics=("languages", "words", "sentences"),
            margins=_COHORT,
            rounded=("signed_off", "changed_since"),
            released=True,
        ),
        # Counts of words and details, not of people; no language has enough interviews to be shown by itself elsewhere.
        Table(
            "internal/interviews/deidentification.csv",
            "how many identifying details of the labelled transcripts were replaced, by language",
            _columns(language=TEXT, group=TEXT, replaced=WHOLE, listed_to_judge=WHOLE) | STATISTIC,
            keys=("language", "group"),
        ),
        Table(
            "internal/interviews/themes.csv",
            "interviews in which a theme comes up, by the codes claims may rest on",
            _columns(
                theme=TEXT,
                name=TEXT,
                cohort=TEXT,
                interviews=WHOLE,
                of_interviews=WHOLE,
                percent=NUMBER,
                extent=TEXT,
                note=TEXT,
            ),
            keys=("theme", "cohort"),
            people=("interviews",),
            statistics=("percent",),
            margins=_COHORT,
            # Who does not speak of a theme is told as little as who does.
            parts=(("interviews", "of_interviews", ("percent",)),),
            unpublished=("extent",),
            rounded=("of_interviews",),
            shares=(("interviews", "of_interviews", "percent"),),
            released=True,
        ),
        # --------------------------------------------------------------------------- internal: synthesis and provenance
        Table(
            "internal/synthesis/joint_display.csv",
            "a construct: what was measured beside what was said",
            _columns(
                construct=TEXT,
                label=TEXT,
                scale=TEXT,
                cohort=TEXT,
                n=WHOLE,
                estimate=NUMBER,
                ci_low=NUMBER,
                ci_high=NUMBER,
                direction=TEXT,
                reading=TEXT,
                themes=TEXT,
                interviews=WHOLE,
                of_interviews=WHOLE,
                extent=TEXT,
                convergence=TEXT,
                note=TEXT,
            ),
            keys=("construct", "cohort"),
            people=("n", "interviews"),
            statistics=("estimate", "ci_low", "ci_high", "reading"),
            rounded=("of_interviews",),
            unpublished=("extent",),
            released=True,
        ),
        Table(
            "internal/release/withheld.csv",
            "a released table: how many rows are shown and withheld",
            _columns(table=TEXT, rows=WHOLE, shown=WHOLE, small=WHOLE, secondary=WHOLE),
            keys=("table",),
        ),
        Table(
            "internal/figures/alt.csv",
            "a figure described in words",
            _columns(figure=TEXT, alt=TEXT),
            keys=("figure",),
            released=True,
        ),
        Table(
            "internal/provenance/manifest.csv",
            "a result file",
            _columns(path=TEXT, tier=TEXT, rule=TEXT, bytes=WHOLE, sha256=TEXT),
            keys=("path",),
        ),
        Table(
            "internal/provenance/software.csv",
            "a package the results rest on",
            _columns(package=TEXT, version=TEXT),
            keys=("package",),
        ),
        Table("internal/provenance/study.csv", "a fact about the run", _columns(fact=TEXT, value=TEXT), keys=("fact",)),
    )
}
CONTRACTS |= {
    released.path: released
    for released in (
        replace(one, path="release" + path.removeprefix("internal"), released=False)
        for path, one in list(CONTRACTS.items())
        if one.released
    )
}


def contract(path: str | Path) -> Table:
    """Return the contract of a table by its path.

    Parameters
    ----------
    path : str or Path
        Any path with ``results/`` in it.

    Raises
    ------
    ContractError
        The path has no contract: the output carries no tier label.
    """
    inside = Path(path).as_posix().rpartition("results/")[2]
    if inside not in CONTRACTS:
        raise ContractError(f"{path} has no table contract, so no tier. Register it in piloteval/tables.py.")
    return CONTRACTS[inside]


def _harmless(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula, and a carriage return from cutting a row in two."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\n") else text


def conform(table: pd.DataFrame, one: Table) -> pd.DataFrame:
    """Return the table with the contract's columns, order and types.

    Raises
    ------
    ContractError
        Columns are missing or extra, a key repeats, or a value is not of its kind.
    """
    import pandas as pd

    if table.empty and not len(table.columns):  # a study without a single row of this kind
        table = pd.DataFrame(columns=list(one.columns))
    missing, extra = [c for c in one.columns if c not in table], [c for c in table if c not in one.columns]
    if missing or extra:
        raise ContractError(
            f"{one.path}: columns missing {missing}, extra {extra}. Mend the function that makes the table."
        )
    typed = {}
    for column, kind in one.columns.items():
        values = table[column]
        try:
            if kind == TEXT:
                typed[column] = values.astype(object).where(values.notna(), "").astype("str")
            else:
                typed[column] = pd.to_numeric(values).astype("Int64" if kind == WHOLE else "float64")
        except (ValueError, TypeError):
            raise ContractError(
                f"{one.path}: column {column} is not of kind {kind}. Mend the function that makes the table."
            ) from None
    result = pd.DataFrame(typed, columns=list(one.columns)).reset_index(drop=True)
    if one.keys and result.duplicated(list(one.keys)).any():
        raise ContractError(
            f"{one.path}: the key {', '.join(one.keys)} repeats. Mend the function that makes the table."
        )
    return result


def present(table: pd.DataFrame, one: Table, tier: Tier) -> pd.DataFrame:
    """Return the conforming table as its tier may show it: withheld, rounded, shares recomputed."""
    import pandas as pd

    typed = conform(table, one)
    shown = tiers.show(typed, tier, people=one.people, statistics=one.statistics, margins=one.margins, keys=one.keys)
    for column in (name for name in one.columns if name.startswith("of_")):
        # What parts are parts of counts people as well: a cohort under the floor is not told by what its parts are of.
        small = tiers.withheld(typed, (column,), tier.floor, tuple(set(one.margins) & set(_COHORT)), one.keys) != ""
        shown.loc[small, column] = pd.NA
    for part, whole, told in one.parts:
        hidden, seen = tiers.small_part(typed[part], typed[whole], tier.floor), -1
        while hidden.sum() > seen:  # nor may a part or its rest follow from the others of its line
            seen = hidden.sum()
            for counts in (typed[part], typed[whole] - typed[part]):
                line = typed.assign(**{part: counts.mask(hidden)})
                hidden |= tiers.withheld(line, (part,), tier.floor, one.margins, one.keys) != ""
        for column in (part, *told):
            shown.loc[hidden, column] = pd.NA
        shown[part] = tiers.round_counts(shown[part], tier.round_to)
        if "estimate" in told:
            silent = hidden & ~shown["note"].str.contains("withheld|undefined")
            shown.loc[silent, "note"] = tiers.PART_WITHHELD.format(floor=tier.floor)
    for column in one.rounded:
        shown[column] = tiers.coarsen_steps(shown[column], tier)
    if tier.decimals is not None:
        for column in one.coefficients:
            end = column.removeprefix("ci_") if column.startswith("ci_") else ""
            coarse = tiers.coarsen_coefficient(typed[column], tier.decimals, end)
            shown[column] = coarse.where(shown[column].notna())
        for column in one.unpublished:
            shown[column] = "" if one.columns[column] == TEXT else pd.NA
        for key, value, columns in one.unpublished_in:
            for column in columns:
                shown.loc[shown[key] == value, column] = "" if one.columns[column] == TEXT else pd.NA
        for column in one.percents:
            shown[column] = (shown[column] / tier.round_to).round() * tier.round_to
    for part, whole, percent in one.shares:
        shares = 100 * shown[part].astype("Float64") / shown[whole].astype("Float64").where(shown[whole] > 0)
        shown[percent] = (
            shares.astype("float64").clip(upper=100).round(tier.decimals if tier.decimals is not None else 10)
        )
    return conform(shown, one)


def to_bytes(table: pd.DataFrame, one: Table) -> bytes:
    """Serialise a conforming table; the same table gives the same bytes."""
    if one.path.endswith(".parquet"):
        buffer = io.BytesIO()
        table.to_parquet(buffer, index=False)
        return buffer.getvalue()
    text = table.copy()
    for column, kind in one.columns.items():
        if kind == TEXT:
            text[column] = text[column].map(_harmless)
    return text.to_csv(index=False, lineterminator="\n").encode("utf-8")


def rows_to_bytes(rows: Sequence[Mapping[str, Any]], one: Table) -> bytes:
    """Serialise plain rows by their contract, without pandas: its import alone takes as long as the check of a study.

    The bytes are those of :func:`to_bytes`.

    Raises
    ------
    ContractError
        The table counts people, or a row has other columns, other kinds or a key of another.
    """
    if one.people or one.statistics or one.rounded or one.parts or not one.path.endswith(".csv"):
        raise ContractError(f"{one.path}: a table that counts people cannot be written as plain rows. Make it a table.")
    kinds = {TEXT: str, WHOLE: (int, type(None))}
    seen = set()
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(one.columns)
    for row in rows:
        if list(row) != list(one.columns) or not all(isinstance(row[c], kinds[k]) for c, k in one.columns.items()):
            raise ContractError(
                f"{one.path}: a row does not keep its columns and their kinds. Mend what makes the row."
            )
        key = tuple(row[name] for name in one.keys)
        if key and key in seen:
            raise ContractError(
                f"{one.path}: the key {', '.join(one.keys)} repeats. Mend the function that makes the table."
            )
        seen.add(key)
        writer.writerow([_harmless(cell) if isinstance(cell, str) else cell for cell in row.values()])
    return buffer.getvalue().encode("utf-8")


def read(path: str | Path) -> pd.DataFrame:
    """Read a result table by its contract: text stays text, an empty cell of a number is missing.

    Raises
    ------
    ContractError
        The path has no contract, or the file does not keep it.
    """
    import pandas as pd

    one = contract(path)
    if one.path.endswith(".parquet"):
        return conform(pd.read_parquet(path), one)
    raw = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    for column, kind in one.columns.items():
        if column in raw and kind != TEXT:
            raw[column] = pd.to_numeric(raw[column].where(raw[column] != ""))
    return conform(raw, one)
