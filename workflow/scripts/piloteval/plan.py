"""What the Snakefile asks while it is read: the study, its raw files with their digests, and the code behind each rule.

Everything here runs on every start of Snakemake, also for a dry run, so it imports nothing heavy.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from piloteval import config as configuration
from piloteval.errors import ConfigError
from piloteval.intake import sheet
from piloteval.intake.sheet import digest
from piloteval.keys import is_public

SCRIPTS = Path(__file__).resolve().parents[1]

#: Parts of a study, with the kinds of raw files that make them.
PARTS = {
    "sample": ("questionnaire",),
    "reliability": ("questionnaire",),
    "change": ("questionnaire",),
    "certification": ("audit", "rating"),
    "consensus": ("delphi",),
    "interviews": ("transcript",),
    "synthesis": ("questionnaire", "transcript"),
}

#: Kinds of raw files the certification is assessed from, with those that must not stand alone.
PANEL = ("delphi", "statement_map")
CERTIFIED = ("audit", "auditors", "audit_effort", "application", "standard_decisions", "rating", "indicator")

#: Keys of the configuration that say how the columns of questionnaires are called.
COLUMNS_OF_QUESTIONNAIRES = (
    "participant_column",
    "site_column",
    "wave_column",
    "wave_names",
    "date_column",
    "item_column",
    "answer_column",
    "other_columns",
)

#: Tier of the tables an audience may read.
AUDIENCES = {"internal": "internal", "public": "release"}

#: Result tables of each part; the report, the release and the figures read these.
RESULTS = {
    "sample": ("quality/flow.csv", "sample/characteristics.csv", "sample/waves.csv", "sample/scores.csv"),
    "reliability": ("reliability/scales.csv", "reliability/items.csv", "reliability/answers.csv"),
    "raters": ("reliability/raters.csv",),
    "change": (
        "change/outcomes.csv",
        "change/robustness.csv",
        "change/responders.csv",
        "change/missing.csv",
        "change/subgroups.csv",
        "change/items.csv",
        "change/progression.csv",
        "change/means.csv",
        "change/paths.csv",
        "change/improved.csv",
    ),
    "certification": (
        "certification/standards.csv",
        "certification/institutions.csv",
        "certification/verdicts.csv",
        "certification/ratings.csv",
        "certification/indicators.csv",
        "certification/auditors.csv",
        "certification/disagreements.csv",
        "certification/effort.csv",
        "certification/validity.csv",
        "certification/tracks.csv",
        "certification/proposals.csv",
        "certification/correlations.csv",
        "certification/points.csv",
    ),
    "levels": (
        "certification/decisions.csv",
        "certification/ladder.csv",
        "certification/to_next_level.csv",
        "certification/alternatives.csv",
        "certification/sensitivity.csv",
    ),
    "competences": ("certification/competences.csv", "certification/training.csv"),
    "consensus": (
        "consensus/statements.csv",
        "consensus/rounds.csv",
        "consensus/verdicts.csv",
        "consensus/stability.csv",
        "consensus/concordance.csv",
        "consensus/numbers.csv",
        "consensus/comments.csv",
    ),
    "interviews": (
        "interviews/transcripts.csv",
        "interviews/deidentification.csv",
        "interviews/themes.csv",
        "themes/basis.csv",
        "themes/matrix.csv",
        "themes/dimensions.csv",
        "themes/cooccurrence.csv",
        "themes/saturation.csv",
        "themes/saturation_curve.csv",
        "themes/code_frequency.csv",
    ),
    "coders": (
        "themes/agreement.csv",
        "themes/outcomes.csv",
        "themes/claims.csv",
    ),
    "quotes": ("themes/quotes.csv",),
    "codebooks": ("themes/codebook_changes.csv",),
    "synthesis": ("synthesis/joint_display.csv",),
}

#: Figures of each part and the tables each is drawn from.
FIGURES = {
    "sample": {"flow": ("quality/flow.csv",), "score_profile": ("sample/scores.csv",)},
    "reliability": {
        "reliability": ("reliability/scales.csv",),
        "item_rest": ("reliability/items.csv",),
        "answers": ("reliability/answers.csv",),
    },
    "raters": {"raters": ("reliability/raters.csv",)},
    "change": {
        "change": ("change/outcomes.csv",),
        "robustness": ("change/robustness.csv",),
        "means": ("change/means.csv", "change/outcomes.csv", "change/paths.csv"),
    },
    "certification": {
        "verdicts": (
            "certification/verdicts.csv",
            "certification/standards.csv",
            "certification/disagreements.csv",
        ),
        "ratings": ("certification/ratings.csv", "certification/proposals.csv"),
        "self_external": ("certification/auditors.csv",),
        "indicators": ("certification/correlations.csv", "certification/points.csv"),
    },
    "levels": {"levels": ("certification/decisions.csv", "certification/ladder.csv")},
    "competences": {"competences": ("certification/competences.csv",)},
    "consensus": {"consensus": ("consensus/statements.csv", "consensus/rounds.csv", "consensus/verdicts.csv")},
    "interviews": {
        "theme_groups": ("themes/matrix.csv",),
        "code_groups": ("themes/matrix.csv",),
        "theme_pairs": ("themes/cooccurrence.csv",),
        "code_pairs": ("themes/cooccurrence.csv",),
        "saturation": ("themes/saturation.csv", "themes/saturation_curve.csv"),
    },
    "coders": {"agreement": ("themes/agreement.csv",)},
}

#: Tables a figure is also drawn without, in the tier that has them not.
DISPENSABLE = {
    "change/paths.csv",
    "certification/proposals.csv",
    "certification/ladder.csv",
    "consensus/verdicts.csv",
}

#: Ledgers of rows, by the part that accounts for them.
LEDGERS = {
    "people": "rows_people.csv",
    "sample": "rows_questionnaires.csv",
    "certification": "rows_certification.csv",
    "consensus": "rows_consensus.csv",
    "interviews": "rows_interviews.csv",
    "coders": "rows_codings.csv",
}


#: What names a module of the package. Searching for it takes a tenth of the time that parsing takes, at every start of
#: Snakemake; a test compares both. Texts in three quotes may show an import and import nothing.
_IMPORT = re.compile(
    r"^[ \t]*(?:from (piloteval[\w.]*) import (\([^)]*\)|[^\n]+)|import (piloteval[\w.]*(?:, ?[\w.]+)*))", re.MULTILINE
)
_TEXTS = re.compile(r'""".*?"""', re.DOTALL)


@cache
def _imports(path: Path) -> tuple[Path, ...]:
    """Return the modules of the package that a file imports, with the packages they lie in."""
    found: dict[Path, None] = {}
    for module, members, modules in _IMPORT.findall(_TEXTS.sub("", path.read_text(encoding="utf-8"))):
        words = [one.split()[0] for one in members.strip("()").split(",") if one.split()]
        for name in (
            [module, *(f"{module}.{word}" for word in words)] if module else modules.replace(" ", "").split(",")
        ):
            parts = name.split(".")
            for depth in range(1, len(parts) + 1):
                place = SCRIPTS.joinpath(*parts[:depth])
                for candidate in (place.with_suffix(".py"), place / "__init__.py"):
                    if candidate.is_file():
                        found[candidate] = None
    return tuple(found)


def code(rule: str) -> list[str]:
    """Return the package modules a rule's shim uses, through the closure of their imports.

    Snakemake does not see an edit of an imported module; named as an input of the rule, it does. Paths are relative to
    the study folder, so that moving the repository with it changes nothing.
    """
    found: set[Path] = set()
    waiting = [SCRIPTS / f"{rule}.py"]
    while waiting:
        for module in _imports(waiting.pop()):
            if module not in found:
                found.add(module)
                waiting.append(module)
    return sorted(Path(os.path.relpath(module)).as_posix() for module in found)


class Study:
    """The study as configured: what rules need to declare their inputs and params.

    Parameters
    ----------
    config : dict
        The configuration as Snakemake read it, with values given on the command line.

    Raises
    ------
    ConfigError
        The configuration breaks its schema, or a name in it points nowhere.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        where = "config/config.yaml"
        if Path(where).is_file():
            configuration.read_yaml(where)  # refuses keys given twice, which Snakemake's own reader takes silently
        self.config = configuration.check("config", config, where)
        self.sources = sheet.read_sheet(self.config["inputs"]["sheet"])
        self.sites = (
            configuration.read_tsv(self.config["inputs"]["sites"], "sites") if self.config["inputs"]["sites"] else []
        )
        self.instruments = [f"config/instruments/{name}.yaml" for name in self.config["instruments"]]
        self._check_names(where)

    # ---------------------------------------------------------------------------------------------- what rules declare
    def files(self, name: str) -> list[str]:
        """Return the files of the configuration behind a name: sites, standards, statements, codebook or key."""
        config = self.config
        named = {
            "sites": config["inputs"]["sites"],
            "standards": config["certification"]["standards"],
            "levels": config["certification"]["levels"],
            "statements": config["consensus"]["statements"],
            "codebook": config["interviews"]["codebook"],
            "former_codebook": config["interviews"]["former_codebook"],
            "key": str(Path(config["participants"]["key_file"] or "").expanduser())
            if config["participants"]["key_file"]
            else None,
            "received": config["inputs"]["received"] if Path(config["inputs"]["received"] or "").is_file() else None,
        }[name]
        return [] if not named else [named] if isinstance(named, str) else list(named)

    def settings(self) -> dict[str, Any]:
        """Return what readers of raw files need to know."""
        config = self.config
        return {
            **{key: config["inputs"][key] for key in COLUMNS_OF_QUESTIONNAIRES},
            "rating_range": config["certification"]["rating_range"],
            "audit_window": config["certification"]["audit_window"],
            "expected_standards": config["certification"]["expected_standards"],
            "dimensions": config["consensus"]["dimensions"],
            "range": config["consensus"]["range"],
            "interviewers": config["interviews"]["interviewer_labels"],
            "participants": config["interviews"]["participant_labels"],
            "others": config["interviews"]["other_labels"],
            "not_labels": config["interviews"]["not_labels"],
            "sites": [one["site"] for one in self.sites],
            "waves": list(config["study"]["waves"]),
            "instruments": config["instruments"],
            "languages": config["study"]["languages"],
        }

    def about(self) -> dict[str, Any]:
        """Return what the page of data quality says about the study."""
        study = self.config["study"]
        return {
            "title": study["title"],
            "waves": dict(study["waves"]),
            "banner": study["data_note"] if study["data_status"] == "synthetic" else "",
            "changed_files": self.config["inputs"]["changed_files"],
            "registered_enrolment": study["registered_enrolment"],
        }

    def limits(self, tier: str) -> dict[str, int]:
        """Return the limits a rule needs that writes tables of the tier, so that others do not depend on them."""
        every = self.config["tiers"]
        return dict(every) if tier == "release" else {"internal_floor": every["internal_floor"]}

    def criteria(self) -> dict[str, Any]:
        """Return the criteria of eligibility."""
        return {
            key: self.config["participants"][key]
            for key in ("min_age", "min_experience_years", "professions", "require_affiliation")
        }

    def consensus(self) -> dict[str, Any]:
        """Return the rule of consensus."""
        return {
            key: self.config["consensus"][key]
            for key in (
                *("dimensions", "agree_from", "agreement", "together", "reject_from"),
                *("threshold_percent", "comparison", "status"),
            )
        }

    def bars(self) -> dict[str, Any]:
        """Return the shares of favourable ratings under which something is proposed."""
        every = self.config["certification"]
        return {**{key: every[key] for key in ("revise_below", "remove_below")}, "status": every["proposals_status"]}

    def waves(self) -> list[str]:
        """Return the waves with questionnaires, in time order."""
        there = {one.wave for one in self.sources if one.kind == "questionnaire"}
        # A file of several waves tells them in its columns; until it is read, it may hold any.
        return [wave for wave in self.config["study"]["waves"] if wave in there or "" in there]

    def labels(self) -> dict[str, dict[str, str]]:
        """Return the labels shown for cohorts, waves, countries and languages, and the bars drawn."""
        return {
            "countries": dict(self.config["study"]["countries"]),
            "cohorts": dict(self.config["study"]["cohorts"]),
            "waves": dict(self.config["study"]["waves"]),
            "bars": self.agreement_bars(),
        }

    def agreement_bars(self) -> dict[str, dict[str, Any]]:
        """Return the agreement on a code that claims need, of people and of the dictionary, where one is asked for."""
        return {name: bar for name, bar in self.config["interviews"]["final_codes"].items() if name != "rule" and bar}

    def respondents(self) -> tuple[str, ...]:
        """Return the kinds of files that tell who answered when there is no register."""
        return () if self.has("register") else ("questionnaire",)

    def _check_names(self, where: str) -> None:
        """Check that names used in the configuration exist; one sentence each, all at once."""
        faults = []
        waves, cohorts = list(self.config["study"]["waves"]), list(self.config["study"]["cohorts"])
        for wave in self.config["change"]["comparison"] if "change" in self.parts else []:
            if wave not in waves:
                faults.append(
                    f"{where}: `change.comparison` names the wave `{wave}`. Waves of the study: {', '.join(waves)}."
                )
        known = {one.split(".")[0] for one in self.config["instruments"]}
        for wave in self.config["change"]["retrospective"]:
            if wave not in waves:
                faults.append(
                    f"{where}: `change.retrospective` names the wave `{wave}`. Waves of the study: {', '.join(waves)}."
                )
        retest = self.config["reliability"]["retest"]
        if len(retest) == 1:
            faults.append(f"{where}: `reliability.retest` names one wave. Name two waves, or none.")
        for wave in retest:
            if wave not in waves:
                faults.append(
                    f"{where}: `reliability.retest` names the wave `{wave}`. Waves of the study: {', '.join(waves)}."
                )
        for place, outcome in enumerate(self.config["outcomes"]):
            if outcome["scale"].split(".")[0] not in known:
                faults.append(
                    f"{where}: `outcomes.{place}.scale` names the instrument of `{outcome['scale']}`, "
                    "which is not in `instruments`. Add it there, or remove the outcome."
                )
            for cohort in outcome["cohorts"]:
                if cohort not in cohorts:
                    faults.append(
                        f"{where}: `outcomes.{place}.cohorts` names `{cohort}`. "
                        f"Cohorts of the study: {', '.join(cohorts)}."
                    )
        for cohort in self.config["interviews"]["role_labels"]:
            if cohort not in cohorts:
                faults.append(
                    f"{where}: `interviews.role_labels` names `{cohort}`. Cohorts of the study: {', '.join(cohorts)}."
                )
        if self.has("register") and not self.config["participants"]["key_file"]:
            faults.append(
                f"{where}: `participants.key_file` is needed for pseudonyms. "
                "Make a key with `make key` and name its file."
            )
        for kind, key, value in (
            ("transcript", "interviews.codebook", self.config["interviews"]["codebook"]),
            ("delphi", "consensus.statements", self.config["consensus"]["statements"]),
            ("audit", "certification.standards", self.config["certification"]["standards"]),
        ):
            if self.has(kind) and not value:
                faults.append(
                    f"{where}: `{key}` is needed, since the sheet has files of the kind {kind}. Name the file."
                )
        for name in ("sites", "standards", "levels", "statements", "codebook", "former_codebook", "key"):
            for path in self.files(name):
                if not Path(path).is_file():
                    faults.append(
                        f"{where}: there is no file {path} ({name}). Create it, or correct the key that names it."
                    )
        for path in self.instruments:
            if not Path(path).is_file():
                faults.append(
                    f"{where}: `instruments` names `{Path(path).stem}`, but there is no file {path}. "
                    "Create it, or remove the name."
                )
        if self.config["study"]["data_status"] == "real" and any(map(is_public, self.files("key"))):
            faults.append(
                f"{where}: `participants.key_file` is the example's key, which everybody knows. "
                "Make your own with `make key`, since `study.data_status` is real."
            )
        if faults:
            raise ConfigError("\n".join(faults))

    # ---------------------------------------------------------------------------------------------- what the study has
    def has(self, *kinds: str) -> bool:
        """Tell whether the sheet names a file of one of these kinds."""
        return any(one.kind in kinds for one in self.sources)

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """Parts of the report the study has data for, in the order of the configuration."""
        there = []
        for part in self.config["report"]["parts"]:
            kinds = PARTS[part]
            if part == "synthesis":
                ready = (
                    self.has("questionnaire")
                    and self.has("transcript")
                    and bool(self.config["synthesis"]["constructs"])
                    and bool(self.config["outcomes"])
                )
            elif part == "change":
                ready = set(self.config["change"]["comparison"]) <= set(self.waves()) and bool(self.config["outcomes"])
            else:
                ready = self.has(*kinds)
            if ready:
                there.append(part)
        return tuple(there)

    @property
    def shown(self) -> tuple[str, ...]:
        """Parts with results, and what a study has beside them: it needs more than the files of a part."""
        certified, standards = "certification" in self.parts, bool(self.files("standards"))
        more = {
            "raters": certified,
            "levels": certified and self.has("audit") and bool(self.files("levels")),
            "competences": "sample" in self.parts and standards,
            "coders": "interviews" in self.parts and self.has("coding"),
            "quotes": "interviews" in self.parts and self.has("approved_quotes"),
            "codebooks": "interviews" in self.parts and bool(self.files("former_codebook")),
        }
        return (*self.parts, *(part for part, there in more.items() if there))

    @property
    def absent(self) -> tuple[str, ...]:
        """Parts that are not part of this study."""
        return tuple(part for part in PARTS if part not in self.parts)

    # ---------------------------------------------------------------------------------------------- raw files
    def _of(self, kinds: tuple[str, ...]) -> list[sheet.Source]:
        wanted = sheet.with_companions(kinds)
        return [one for one in self.sources if not kinds or one.kind in wanted]

    def raw(self, *kinds: str) -> list[str]:
        """Return the raw files of these kinds that exist; a missing one is said by check_inputs, not by Snakemake."""
        return [one.path for one in self._of(kinds) if one.path and Path(one.path).is_file()]

    def rows(self, *kinds: str) -> list[dict[str, Any]]:
        """Return the sheet rows of these kinds as plain values for params."""
        return [one.plain() for one in self._of(kinds)]

    @cached_property
    def _digests(self) -> dict[str, str]:
        return {one.path: digest(one.path) for one in self.sources}

    def pins(self, *kinds: str) -> dict[str, str]:
        """Return path and digest of the raw files of these kinds.

        As a plain param it makes Snakemake notice a changed file with an older date, which it otherwise misses.
        """
        return {one.path: self._digests[one.path] for one in self._of(kinds)}

    def found(self) -> list[str]:
        """List the files in the data folder."""
        return sheet.files_in(self.config["inputs"]["folder"], self.config["inputs"]["ignore"])

    def catalogues(self) -> list[str]:
        """Return every file of the configuration besides config.yaml."""
        config = self.config["inputs"]
        named = [
            path
            for name in ("sites", "standards", "levels", "statements", "codebook", "former_codebook")
            for path in self.files(name)
        ]
        return [config["sheet"], *named, *self.instruments]

    def program(self) -> list[str]:
        """Return every module of the package, for the digest of the program."""
        return sorted(
            Path(os.path.relpath(path)).as_posix()
            for path in (SCRIPTS / "piloteval").rglob("*.py")
            if "simulate" not in path.parts and path.name != "leakscan.py"  # they make no result
        )

    # ---------------------------------------------------------------------------------------------- the report
    def pages(self) -> list[str]:
        """Return the files the report is made of."""
        folder = SCRIPTS.parents[1] / "reports"
        return sorted(
            Path(os.path.relpath(path)).as_posix()
            for path in folder.rglob("*")
            if path.is_file() and not path.name.startswith(".")
        )

    def report_assets(self) -> list[str]:
        """Return the files of the built-in engine that are not Python."""
        folder = SCRIPTS / "piloteval" / "report"
        return sorted(
            Path(os.path.relpath(path)).as_posix()
            for path in folder.rglob("*")
            if path.suffix in (".lua", ".typ", ".css", ".html", ".xml")
        )

    def engine(self) -> str:
        """Return the engine that renders, so that installing Quarto makes the report again."""
        from piloteval.report.engines import choose_engine

        return choose_engine(self.config["report"]["engine"])

    def report_facts(self) -> dict[str, Any]:
        """Return what the report says about the study besides its results."""
        config = self.config
        return {
            "study": config["study"],
            "parts": list(self.shown),
            "absent": list(self.absent),
            "participants": self.criteria(),
            "registered": self.has("register"),
            "outcomes": config["outcomes"],
            "comparison": config["change"]["comparison"],
            "retrospective": config["change"]["retrospective"],
            "reliability": config["reliability"],
            "statistics": config["statistics"],
            "tiers": config["tiers"],
            "rating": {
                "range": config["certification"]["rating_range"],
                "agree_from": config["certification"]["rating_agree_from"],
            },
            "consensus": {**self.consensus(), "source": config["consensus"]["source"]},
            "bars": self.agreement_bars(),
            "levels": configuration.read_yaml(self.files("levels")[0]) if self.files("levels") else {},
        }

    # ---------------------------------------------------------------------------------------------- results
    def only(self, part: str, *paths: str) -> list[str]:
        """Return the paths when the study has the part, else nothing."""
        return list(paths) if part in self.shown else []

    def results(self, tier: str = "internal", parts: Iterable[str] | None = None) -> list[str]:
        """Return the result tables of the parts in a tier; the release tier has only tables that may be released."""
        from piloteval.tables import CONTRACTS

        wanted = [f"{tier}/{path}" for part in (parts or self.shown) for path in RESULTS.get(part, ())]
        return [f"results/{path}" for path in wanted if path in CONTRACTS]

    def ledgers(self) -> list[str]:
        """Return the ledgers of rows that the study's rules write."""
        parts = (*(("people",) if self.has("register", "withdrawals") else ()), *self.shown)
        return [f"results/restricted/quality/{LEDGERS[part]}" for part in parts if part in LEDGERS]

    def released_from(self) -> list[str]:
        """Return the internal tables that are released."""
        from piloteval.tables import CONTRACTS

        return [path for path in self.results() if CONTRACTS[path.removeprefix("results/")].released]

    def released(self) -> list[str]:
        """Return the tables of the release tier."""
        return [path.replace("results/internal", "results/release", 1) for path in self.released_from()]

    def alt_texts(self) -> list[str]:
        """Return the files with the figures' descriptions in words."""
        return [f"results/{tier}/figures/alt.csv" for tier in self.tiers_shown()]

    def tiers_shown(self) -> list[str]:
        """Return the tiers that some audience reads."""
        return [tier for audience, tier in AUDIENCES.items() if audience in self.config["report"]["audiences"]]

    def figures(self, tier: str) -> dict[str, list[str]]:
        """Return the figures of a tier, each with its tables; a figure of tables that are not released is left out."""
        from piloteval.tables import CONTRACTS

        drawn = {}
        for part in self.shown:
            for name, paths in FIGURES.get(part, {}).items():
                there = [path for path in paths if f"{tier}/{path}" in CONTRACTS]
                if set(paths) - set(there) <= DISPENSABLE:
                    drawn[name] = [f"results/{tier}/{path}" for path in there]
        return drawn

    def figure_files(self, *tiers: str) -> list[str]:
        """Return the files of all figures of the tiers; of all tiers shown when none is named."""
        return [
            f"results/{tier}/figures/{name}.png"
            for tier in (tiers or self.tiers_shown())
            for name in self.figures(tier)
        ]

    def figure_tables(self) -> list[str]:
        """Return the tables all figures are drawn from, each once."""
        return list(
            dict.fromkeys(
                path for tier in self.tiers_shown() for paths in self.figures(tier).values() for path in paths
            )
        )

    def report_tables(self, tier: str) -> list[str]:
        """Return the result tables a report of the tier reads."""
        provenance = [
            f"results/{tier}/quality/accounting.csv",
            "results/internal/provenance/software.csv",
            "results/internal/provenance/study.csv",
        ]
        checks = [
            "results/internal/quality/problems.csv",
            "results/internal/quality/files.csv",
            "results/internal/release/withheld.csv",
        ]
        return [*self.results(tier), *provenance, *(checks if tier == "internal" else [])]

    def reports(self) -> list[str]:
        """Return every report that is asked for."""
        return [
            f"results/{AUDIENCES[audience]}/report/evaluation.{suffix}"
            for audience in self.config["report"]["audiences"]
            for suffix in self.config["report"]["formats"]
        ]
