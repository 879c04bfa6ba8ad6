"""Timings as ratios: the workflow against one process that calls the same functions in sequence, and large studies against small.

Run with ``make bench``; nothing here is asserted. Installation and rendering are left out.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import precoding

ROOT = Path(__file__).resolve().parents[1]
TARGET = "results/internal/provenance/manifest.csv"
WORKFLOW = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile"), "--cores", "2", "--quiet=all", TARGET]


def in_sequence() -> None:
    """Do in this process, one after the other, what the rules do: read, compute, draw, write all tables and figures."""
    from piloteval import people, provenance, tables, tiers
    from piloteval.config import read_instruments, read_yaml
    from piloteval.intake import check, sheet
    from piloteval.measures import (
        certificates,
        certification,
        change,
        competences,
        delphi,
        raters,
        sample,
        scales,
        scoring,
    )
    from piloteval.plan import CERTIFIED, PANEL, RESULTS, Study
    from piloteval.qualitative import coders, coding, exchange, machines, overview, quotes, recall, segments, themes
    from piloteval.qualitative.codebook import code_names, read_codebook
    from piloteval.release import publish
    from piloteval.report import feedback, figures
    from piloteval.report.coded_page import coded_page
    from piloteval.synthesis import joint

    study = Study(read_yaml("config/config.yaml"))
    config, settings, limits = study.config, study.settings(), study.limits("release")
    tier = {
        "restricted": tiers.RESTRICTED,
        "internal": tiers.internal(limits["internal_floor"]),
        "release": tiers.release(limits["release_floor"], limits["release_round_to"], limits["release_decimals"]),
    }
    done: dict[str, object] = {}

    def write(folder: str, **results: object) -> None:
        for name, table in results.items():
            paths = [path for path in tables.CONTRACTS if path in (f"{folder}/{name}.csv", f"{folder}/{name}.parquet")]
            one = tables.CONTRACTS[paths[0]]
            target = Path("results") / one.path
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(table, list):
                target.write_bytes(tables.rows_to_bytes(table, one))
                done[one.path] = tables.read(target)
                continue
            done[one.path] = tables.present(table, one, tier[one.tier])
            target.write_bytes(tables.to_bytes(done[one.path], one))

    def sources(*kinds: str) -> list[sheet.Source]:
        return sheet.from_params(study.rows(*kinds))

    confidence, min_n = config["statistics"]["confidence"], config["statistics"]["min_n"]
    instruments, codebook, sites = study.instruments, study.files("codebook"), study.files("sites")
    checked, _page, _problems = check.run(
        study.sources, code_names(codebook), sheet=[config["inputs"]["sheet"]], sites=sites, instruments=instruments, standards=study.files("standards"),
        statements=study.files("statements"), pins=study.pins(), found=study.found(), cohorts=list(config["study"]["cohorts"]),
        outcomes=[one["scale"] for one in config["outcomes"]], settings=settings, received=study.files("received"), criteria=study.criteria(),
        about=study.about(), floor=limits["internal_floor"],
    )  # fmt: skip
    write("internal/quality", problems=checked["problems"], files=checked["files"])
    write("restricted/quality", problems=checked["values"], rows_read=checked["rows"])
    write("restricted/people", deletions=checked["deletions"])
    admitted = people.run(
        sources("register", "withdrawals", "interview_list"), sites=sites, instruments=[], key=study.files("key"),
        cohorts=list(config["study"]["cohorts"]), criteria=study.criteria(), settings=settings,
    )  # fmt: skip
    ledgers = {"people": admitted.pop("rows")}
    write("restricted/people", **admitted)
    scored = scoring.run(
        sources("questionnaire"),
        instruments,
        admitted["pseudonyms"],
        admitted["participants"],
        registered=True,
        settings=settings,
    )
    ledgers["questionnaires"] = scored.pop("rows")
    write("restricted/measures", **scored)
    described = sample.run(
        admitted["screening"], admitted["participants"], scored["scores"], admitted["interviewees"], sites=sites, instruments=instruments,
        waves=study.waves(), countries=config["study"]["countries"], registered=True, floor=limits["internal_floor"],
    )  # fmt: skip
    write("internal/quality", flow=described.pop("flow"))
    write("restricted/people", flow=described.pop("every_step"))
    write("internal/sample", **described)
    known = read_instruments(instruments)
    estimated = scales.estimate(
        scored["responses"], known, waves=study.waves(), settings=config["reliability"], confidence=confidence, min_n=min_n,
        floor=limits["internal_floor"],
    )  # fmt: skip
    write("internal/reliability", items=estimated.pop("item_statistics"), **estimated)
    compared = change.compare(
        scored["scores"],
        scored["responses"],
        known,
        outcomes=config["outcomes"],
        settings=config["change"],
        waves=study.waves(),
        enrolled={"found": len(admitted["participants"]), "planned": config["study"]["registered_enrolment"]},
        confidence=confidence,
        min_n=min_n,
        registered=True,
        floor=limits["internal_floor"],
    )
    write("internal/change", **compared)
    certified = certification.run(
        sources(*CERTIFIED), sites=sites, standards=study.files("standards"), bars=study.bars(),
        agree_from=config["certification"]["rating_agree_from"], confidence=confidence, settings=settings,
        draws=config["reliability"]["draws"], floor=limits["internal_floor"],
    )  # fmt: skip
    ledgers["certification"] = certified.pop("rows")
    write("restricted/certification", audits=certified["audits"], ratings=certified["given"])
    compared = raters.compare(
        certified["audits"], certified.pop("given"), rating_range=config["certification"]["rating_range"], confidence=confidence,
        draws=config["reliability"]["draws"], floor=limits["internal_floor"],
    )  # fmt: skip
    write("internal/reliability", raters=compared)
    decided = certificates.decide(
        certified.pop("audits"), certified.pop("applications"), sites=sites, standards=study.files("standards"), levels=study.files("levels"),
        decided_on=config["certification"]["decided_on"],
    )  # fmt: skip
    write("internal/certification", to_next_level=decided.pop("missing"), sensitivity=decided.pop("span"), **decided)
    write("internal/certification", **certified)
    profiled = competences.run(
        scored["scores"], scored["responses"], sources=study.rows("indicator"), standards=study.files("standards"),
        instruments=instruments, sites=sites, evaluation=config["certification"]["training_evaluation"],
        comparison=config["change"]["comparison"], waves=study.waves(), registered=True, confidence=confidence,
        floor=limits["internal_floor"],
    )  # fmt: skip
    write("restricted/certification", competences=profiled.pop("profiles"))
    write("internal/certification", **profiled)
    agreed = delphi.run(
        sources(*PANEL),
        study.files("statements"),
        consensus=study.consensus(),
        confidence=confidence,
        settings=settings,
        floor=limits["internal_floor"],
    )
    ledgers["consensus"] = agreed.pop("rows")
    sheets = agreed.pop("sheets")
    feedback.combined(sheets), feedback.overview(sheets)
    write(
        "internal/consensus",
        comments=agreed.pop("comment_counts"),
        **{k: v for k, v in agreed.items() if k != "comments"},
    )
    spoken = segments.run(
        sources("transcript", "deny_list", "signoff", "identifiers"), admitted["interviewees"], sites, settings=settings,
        models=config["interviews"]["entity_models"], banner=study.about()["banner"],
    )  # fmt: skip
    ledgers["interviews"] = spoken.pop("rows")
    write(
        "internal/interviews",
        transcripts=spoken.pop("transcripts"),
        deidentification=recall.measure_recall(spoken["labelled"], confidence),
    )
    Path("results/restricted/interviews").mkdir(parents=True, exist_ok=True)
    Path("results/restricted/interviews/review.html").write_text(spoken.pop("review"), encoding="utf-8")
    write("restricted/interviews", replacements=spoken["replacements"], unknown_words=spoken.pop("unknown"))
    write("restricted/interviews", texts=spoken["texts"], segments=spoken["segments"], labelled=spoken["labelled"])
    book = read_codebook(codebook[0])
    suggestions = coding.suggest(spoken["segments"], book)
    write("restricted/interviews", suggestions=suggestions)
    coded = coders.run(
        sources("coding", "coder_work", "code_decisions", "claim_decisions", "transcript"), admitted["interviewees"], spoken["texts"], spoken["replacements"], spoken["segments"], suggestions, machines.suggest([], book, {}), codebook[0],
        settings=settings, confidence=confidence, final_codes=config["interviews"]["final_codes"],
        floor=limits["internal_floor"],
    )  # fmt: skip
    ledgers["codings"] = coded.pop("rows")
    write("internal/themes", agreement=coded.pop("units"), **{name: coded.pop(name) for name in ("outcomes", "claims")})
    write("restricted/interviews", codings=coded["codings"])
    _book, mapped = overview.run(
        suggestions, coded["counted"], spoken["segments"], admitted["interviewees"], sites=sites, codebook=codebook, confidence=confidence, floor=limits["internal_floor"],
    )  # fmt: skip
    write("internal/themes", saturation_curve=mapped.pop("curve"), code_frequency=mapped.pop("frequency"))
    write("internal/themes", **{name: mapped[name] for name in ("matrix", "dimensions", "cooccurrence", "saturation")})
    coded_page(spoken["texts"], spoken["segments"], book, codings=coded["codings"], suggestions=suggestions)
    exchange.export(spoken["texts"], book, suggestions, name="bench")
    built = themes.build(
        coded["counted"], spoken["segments"], book, done["internal/themes/claims.csv"], floor=limits["internal_floor"]
    )
    write("internal/themes", basis=built.pop("basis"))
    write("internal/interviews", **built)
    quoted = quotes.run(
        sources("approved_quotes"), spoken["texts"], spoken["segments"], suggestions, coded["counted"], admitted["interviewees"], codebook[0],
        settings=settings, roles=config["interviews"]["role_labels"], floor=limits["internal_floor"],
    )  # fmt: skip
    write("internal/themes", quotes=quoted["quotes"])
    write(
        "internal/synthesis",
        joint_display=joint.display(
            config["synthesis"]["constructs"],
            done["internal/change/outcomes.csv"],
            done["internal/interviews/themes.csv"],
        ),
    )
    released, withheld = publish.publish(
        {
            path: done[path]
            for path in (f"internal/{name}" for part, names in RESULTS.items() if part != "codebooks" for name in names)
        },
        tier["release"],
    )
    write("internal/release", withheld=withheld)
    for path, table in released.items():
        folder, name = path.removesuffix(".csv").rsplit("/", 1)
        write(folder, **{name: table})
    for shown in study.tiers_shown():
        place = Path(f"results/{shown}/figures")
        place.mkdir(parents=True, exist_ok=True)
        drawn = figures.draw_all(shown, study.figures(shown), done, study.labels(), Path)
        write(f"{shown}/figures", alt=drawn)
    for name, ledger in ledgers.items():
        write("restricted/quality", **{f"rows_{name}": ledger})
    recorded = provenance.record(
        ledgers, done["restricted/quality/rows_read.csv"], results=[*study.results(), *study.released(), *study.figure_files()],
        catalogues=study.catalogues(), program=study.program(), rules={}, config=config, pins=study.pins(),
    )  # fmt: skip
    write("restricted/quality", accounting=recorded.pop("rows"))
    write("internal/quality", accounting=recorded.pop("accounting"))
    write("release/quality", accounting=recorded.pop("released"))
    write("internal/provenance", **recorded)


def reading(folder: Path) -> None:
    """Print the time to read and check 5,000 x 60 answers against the bare parse by calamine and pandas, in one run."""
    import csv
    import random

    import openpyxl
    import pandas as pd
    import python_calamine
    from piloteval.config import read_instrument, read_yaml
    from piloteval.intake.questionnaires import read_questionnaires
    from piloteval.intake.sheet import Source
    from piloteval.plan import Study

    rng = random.Random(1)
    items = tuple(f"q_{number}" for number in range(1, 60))
    brs = read_instrument("config/instruments/brs.yaml")
    instrument = replace(brs, id="long", items=items, reverse=frozenset(items[1::2]), scales=())
    rows = [[f"P{number:05d}", *(rng.randint(1, 5) for _item in items)] for number in range(5000)]
    table, book = folder / "answers.csv", folder / "answers.xlsx"
    with table.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows([["participant", *items], *rows])
    workbook = openpyxl.Workbook(write_only=True)
    page = workbook.create_sheet("answers")
    for row in [["participant", *items], *rows]:
        page.append(row)
    workbook.save(book)
    people = len(rows)
    del rows, workbook, page  # what made the files is not to be swept through while they are read
    settings = {**Study(read_yaml("config/config.yaml")).settings(), "sites": []}

    def checked(path: Path) -> None:
        source = Source(line=2, source="long", kind="questionnaire", path=str(path), wave="pre", instrument="long")
        found = read_questionnaires([source], {"long": instrument}, people=None, settings=settings)
        if found.problems or len(found.respondents()) != people:
            sys.exit("The benchmark's file was not read as it was written.")

    def seconds(work: object, *given: object) -> float:
        start = time.perf_counter()
        work(*given)
        return time.perf_counter() - start

    def by_pandas() -> None:
        pd.read_csv(table, dtype=str, keep_default_na=False)

    def by_calamine() -> None:
        python_calamine.CalamineWorkbook.from_path(str(book)).get_sheet_by_index(0).to_python()

    for name, path, bare in (("CSV", table, by_pandas), ("XLSX", book, by_calamine)):
        turns = [(seconds(bare), seconds(checked, path)) for _turn in range(7)]
        parsed, whole = min(one for one, _other in turns), min(other for _one, other in turns)
        print(
            f"5,000 x 60 {name}: read and checked {whole:.3f} s, bare parse {parsed:.3f} s, ratio {whole / parsed:.2f} (bar 3.00)"
        )


def estimating() -> None:
    """Print the time of reliability coefficients against the least work they can do with, each pair in one run."""
    import numpy as np
    import pandas as pd
    from ordinalcorr import polychoric
    from piloteval.config import read_instrument
    from piloteval.measures import complete, icc, reliability, resample, scales

    rng = np.random.default_rng(1)

    def answers(n: int, k: int) -> pd.DataFrame:
        values = rng.standard_normal((n, 1)) + rng.standard_normal((n, k))
        return pd.DataFrame(np.searchsorted([-2, -0.7, 0.7, 2], values) + 1.0, columns=[f"q{j}" for j in range(k)])

    def ratio(name: str, work: object, least: object, of: str, bar: float, turns: int = 9) -> None:
        times = []
        for _turn in range(turns):  # in turns, so that other load hits both
            start = time.perf_counter()
            least()
            middle = time.perf_counter()
            work()
            times.append((time.perf_counter() - middle, middle - start))
        done, floor = (sorted(one)[len(one) // 2] for one in zip(*times, strict=True))
        print(f"{name}: {1000 * done:.1f} ms, {of} {1000 * floor:.1f} ms, ratio {done / floor:.2f} (bar {bar:.2f})")

    large = answers(100_000, 30)
    values = large.to_numpy()

    def alpha_and_items() -> None:
        rows = complete.prepare(large)
        reliability.cronbach_alpha(rows)
        reliability.item_statistics(rows)

    ratio(
        "alpha with if-deleted, 100,000 x 30",
        alpha_and_items,
        lambda: np.cov(values, rowvar=False),
        "numpy's covariance",
        3,
    )
    ratings = np.ascontiguousarray(values)
    ratio(
        "ICC by sums of squares, 100,000 x 30",
        lambda: icc.coefficients(icc.mean_squares(ratings)),
        lambda: (ratings.mean(axis=1), ratings.mean(axis=0)),
        "row and column means",
        5,
    )
    small = answers(66, 15)
    matrix = small.to_numpy()
    weights = rng.multinomial(66, np.full(66, 1 / 66), size=2000).astype(float)
    products = np.einsum("ni,nj->nij", matrix, matrix).reshape(66, -1)
    ratio(
        "2,000 draws of alpha, 66 x 15",
        lambda: resample.alphas_of_draws(resample.covariances_of_draws(matrix, 2000, np.random.default_rng(1))),
        lambda: weights @ products,
        "its matrix products",
        5,
        turns=31,
    )
    brs = read_instrument("config/instruments/brs.yaml")
    scale = replace(brs.scales[0], items=tuple(small.columns))

    def every_coefficient() -> None:
        given = scales.Answers(small, scale, 0.95, 10, 50, draws=0)
        plain = [name for name in scales.PLAIN if "resampled" not in name]
        for name in (*plain, *scales.FACTOR):
            {**scales.PLAIN, **scales.FACTOR}[name](given)

    def polychorics() -> None:
        for i in range(15):
            for j in range(i):
                polychoric(matrix[:, i], matrix[:, j])

    ratio(
        "all coefficients without bootstrap, 66 x 15", every_coefficient, polychorics, "ordinalcorr's correlations", 3
    )
    beside_r(small, every_coefficient)


def beside_r(items: object, every_coefficient: object) -> None:
    """Print the time of the same scale in R's psych (alpha, omega, polychoric), where R is installed."""
    if shutil.which("Rscript") is None:
        print("R is not installed here: no comparison with psych")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "items.csv"
        items.to_csv(path, index=False)
        code = (
            "suppressMessages(library(psych)); x <- read.csv(commandArgs(TRUE)[1]); "
            "f <- function() {alpha(x); omega(x, 3, plot=FALSE); omega(x, 1, plot=FALSE); polychoric(x)}; "
            "sink('/dev/null'); suppressMessages(suppressWarnings(f())); "
            "t <- system.time(for (i in 1:3) suppressMessages(suppressWarnings(f())))[[3]] / 3; sink(); cat(t)"
        )
        done = subprocess.run(["Rscript", "-e", code, str(path)], capture_output=True, text=True)
    if done.returncode:
        print("R is installed without psych: no comparison")
        return
    start = time.perf_counter()
    every_coefficient()
    own = time.perf_counter() - start
    print(
        f"all coefficients, 66 x 15: {own:.3f} s, psych in R {float(done.stdout):.3f} s, ratio {own / float(done.stdout):.2f}"
    )


def fitting() -> None:
    """Print the time of the mixed model at the size of a pilot, and at a large one against statsmodels in the same run."""
    import resource

    import numpy as np
    from piloteval.measures import mixed
    from statsmodels.regression.mixed_linear_model import MixedLM

    rng = np.random.default_rng(1)

    def scores(people: int, sites: int) -> tuple[object, ...]:
        person, site = np.repeat(np.arange(people), 2), np.repeat(np.arange(people) % sites, 2)
        later = np.tile([0.0, 1.0], people)
        y = (
            rng.normal(0, 1, people)[person]
            + rng.normal(0, 0.3, sites)[site]
            + 0.3 * later
            + rng.normal(0, 1, 2 * people)
        )
        return y, np.column_stack([np.ones(2 * people), later]), person, site

    y, design, person, site = scores(66, 9)
    seconds = []
    for _turn in range(15):
        start = time.perf_counter()
        mixed.mixed_model(y, design, {"site": site, "person": person})
        seconds.append(time.perf_counter() - start)
    print(f"mixed model with Kenward-Roger, 66 x 2 in 9 sites: {sorted(seconds)[7]:.3f} s (bar 0.100 s)")
    y, design, person, site = scores(50_000, 20)
    start = time.perf_counter()
    mixed.mixed_model(y, design, {"site": site, "person": person})
    own = time.perf_counter() - start
    start = time.perf_counter()
    MixedLM(y, design, groups=person).fit(method=["lbfgs"])
    other = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(
        f"mixed model, 100,000 rows, 50,000 people in 20 sites: {own:.2f} s, statsmodels without sites {other:.1f} s, "
        f"{other / own:.0f} times as fast (bar 8), highest memory of the whole benchmark {memory:.2f} GB"
    )


def environment() -> dict[str, str]:
    """Return the environment of a run: one thread a process, as the jobs have it."""
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**os.environ, **threads, "PYTHONPATH": str(ROOT / "workflow/scripts")}


def fresh(source: Path, parent: Path, name: str) -> Path:
    """Copy config and data of a study into a fresh folder."""
    folder = parent / name
    for part in ("config", "data"):
        shutil.copytree(source / part, folder / part)
    return folder


def timed(command: list[str], folder: Path) -> float:
    """Return the seconds a command takes; a failing one ends the benchmark."""
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return seconds


def measure(study: Path, parent: Path, name: str, repeats: int) -> tuple[float, float]:
    """Return the shortest time of the workflow and of the sequence, in turns, so that other load hits both."""
    sequence = [sys.executable, str(ROOT / "tests/bench.py"), "--sequence"]
    times: dict[str, list[float]] = {"workflow": [], "sequence": []}
    for turn in range(repeats):
        times["sequence"].append(timed(sequence, fresh(study, parent, f"{name}-sequence-{turn}")))
        times["workflow"].append(timed(WORKFLOW, fresh(study, parent, f"{name}-workflow-{turn}")))
    return min(times["workflow"]), min(times["sequence"])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequence", action="store_true", help="do the sequence in this process and in this folder")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--estimates", action="store_true", help="only the coefficients and models")
    parser.add_argument("--large", action="store_true", help="also a study of 660 people, 30 sites and 64 interviews")
    arguments = parser.parse_args()
    if arguments.sequence:
        in_sequence()
        return
    estimating()
    fitting()
    if arguments.estimates:
        return
    with tempfile.TemporaryDirectory() as scratch:
        workflow, sequence = measure(ROOT, Path(scratch), "example", arguments.repeats)
        print(
            f"example: workflow {workflow:.1f} s, one process {sequence:.1f} s, ratio {workflow / sequence:.2f} (bar 2.50)"
        )
        folder = fresh(ROOT, Path(scratch), "again")
        first, again = timed(WORKFLOW, folder), timed(WORKFLOW, folder)
        print(f"nothing to do: {again:.1f} s, ratio to a full run {again / first:.2f}")
        check = [*WORKFLOW[:-1], "check"]
        alone, nothing = [], []
        for _turn in range(arguments.repeats):
            nothing.append(timed(check, folder))
            alone.append(timed([*check, "--forcerun", "check_inputs"], folder))
        print(
            f"the check alone: {min(alone):.1f} s, with nothing to do {min(nothing):.1f} s, "
            f"ratio {min(alone) / min(nothing):.2f} (bar 2.00)"
        )
        reading(Path(scratch))
        precoding.benchmark()
        if arguments.large:
            large = Path(scratch) / "large"
            sizes = [
                "--participants",
                "660",
                "--sites",
                "30",
                "--transcripts",
                "64",
                "--words",
                "3000",
                "--panellists",
                "60",
            ]
            shutil.copytree(ROOT / "config", large / "config")
            timed([sys.executable, "-m", "piloteval.simulate", "--study", str(large), *sizes], ROOT)
            big_workflow, big_sequence = measure(large, Path(scratch), "large", 1)
            print(
                f"ten times the people: workflow {big_workflow:.1f} s, one process {big_sequence:.1f} s, ratio to the example {big_workflow / workflow:.2f}"
            )


if __name__ == "__main__":
    main()
