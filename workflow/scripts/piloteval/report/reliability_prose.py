"""What the report says about the reliability of scales and the agreement of raters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from piloteval.qualitative.language import LANGUAGES
from piloteval.report.page import DASH, Page, format_number
from piloteval.report.words import interval, listed

if TYPE_CHECKING:
    import pandas as pd

SCALES = "reliability/scales.csv"
RATERS = "reliability/raters.csv"

#: Columns of the table of further coefficients: statistic and heading.
FURTHER = {
    "mean inter-item correlation": "Mean r",
    "standardised alpha": "Stand. alpha",
    "Guttman lambda 2": "λ2",
    "split half, lowest": "Lowest half",
    "Guttman lambda 4": "Best half",
    "omega hierarchical": "ω hier.",
    "ordinal alpha": "Ordinal α",
    "categorical omega": "Categ. ω",
}


def _rows(page: Page, statistic: str) -> pd.DataFrame:
    return page.rows(SCALES, statistic=statistic, language="all")


def in_short(page: Page) -> str:
    """Say in one sentence between which values alpha lies."""
    alpha = _rows(page, "alpha").dropna(subset=["estimate"])
    if alpha.empty:
        return "No scale had enough complete respondents for a coefficient."
    low, high = alpha.loc[alpha["estimate"].idxmin()], alpha.loc[alpha["estimate"].idxmax()]

    def said(row: Any) -> str:
        value = page.value(SCALES, "estimate", **_where(row, "alpha"))
        # Rounded values of the public tier do not tell which scale has the lowest and which the highest.
        return f"{value} ({row['label']}, {page.wave(row['wave']).lower()})" if page.internal else value

    scales = page.count(alpha["scale"].nunique(), SCALES, "distinct scales with alpha")
    return f"Cronbach's alpha of {scales} scales lies between {said(low)} and {said(high)}."


def _where(row: Any, statistic: str) -> dict[str, str]:
    return {"scale": row["scale"], "wave": row["wave"], "language": "all", "statistic": statistic}


def scales(page: Page) -> None:
    """Explain the coefficients with the numbers at hand."""
    alpha = _rows(page, "alpha")
    found = alpha.dropna(subset=["estimate"])
    text = [
        "Internal consistency is Cronbach's alpha over the participants who answered every item of a scale "
        "[@cronbach1951], with the interval of Feldt [@feldt1987]. " + in_short(page)
    ]
    if len(found):
        text.append(_widest(page, found))
        text.append(_published(page, found))
    undefined = len(alpha) - len(found)
    if undefined:
        text.append(
            f"{page.count(undefined, SCALES, 'alpha without a value')} coefficients are not shown; "
            "the reason stands beside each."
        )
    page.say(" ".join(filter(None, text)), _models(page), _waves(page), _languages(page))


def _widest(page: Page, found: pd.DataFrame) -> str:
    widest = found.loc[(found["ci_high"] - found["ci_low"]).idxmax()] if found["ci_low"].notna().any() else None
    if widest is None:
        return ""
    where = _where(widest, "alpha")
    return (
        "How little a single value says at this size is seen in the widest interval: "
        f"{widest['label']} ({page.wave(widest['wave']).lower()}) has {interval(page, SCALES, page.digits, **where)} "
        f"with n = {page.value(SCALES, 'n', 0, **where)}. "
        "A low value of a short scale is not by itself an error in the data."
    )


def _published(page: Page, found: pd.DataFrame) -> str:
    compared = found[found["published_reading"].fillna("") != ""]
    if compared.empty:
        return ""
    readings = compared["published_reading"].value_counts()

    def count(reading: str) -> str:
        return page.count(readings.get(reading, 0), SCALES, f"published_reading={reading}")

    scales = page.count(compared["scale"].nunique(), SCALES, "scales with a published alpha")
    estimates = page.count(len(compared), SCALES, "estimates with a published alpha")
    beside = [
        f"{row['label']} ({page.wave(row['wave']).lower()}): {row['published_reading']}"
        for row in compared.to_dict("records")
        if row["published_reading"] in ("above the interval", "below the interval")
    ]
    said = (
        f"A published alpha is known for {scales} scales: it lies in the interval found here for "
        f"{count('in the interval')} of {estimates} estimates, partly in it for {count('partly in the interval')}"
    )
    return said + (f", and beside it for {'; '.join(beside)}." if beside else ", and beside it for none.")


#: What stands for a share of people that is too small to be shown.
FEW = "few"


def _models(page: Page) -> str:
    """Say what the factor models add to alpha, or why there is none."""
    every = page.table(SCALES)
    omega = _rows(page, "omega total")
    found = omega.dropna(subset=["estimate"])
    least = page.setting(page.facts["reliability"]["factor_min_n"], "reliability.factor_min_n")
    if found.empty:
        return (
            f"No factor model is fitted: omega and the coefficients for ordered answers need {least} complete "
            "respondents."
            if len(omega)
            else ""
        )
    alpha = _rows(page, "alpha").set_index(["scale", "wave"])["estimate"]
    # Only where the interval could be drawn: elsewhere most samples have no proper solution, and omega means little.
    proper = found[found["ci_low"].notna()]
    gap = (proper.set_index(["scale", "wave"])["estimate"] - alpha).dropna()
    categorical = every[(every["statistic"] == "categorical omega") & every["estimate"].notna()]
    text = [
        f"From {least} complete respondents a model of one factor is fitted as well "
        f"({page.count(len(found), SCALES, 'omega total with a value')} of "
        f"{page.count(len(omega), SCALES, 'omega total')} scales and waves). Omega total does not assume that all "
        "items "
        "measure equally well [@mcdonald1999]; alpha does, and is lower where they do not."
    ]
    if len(gap) and page.internal:
        far = gap.abs().idxmax()
        row = found.set_index(["scale", "wave"]).loc[far]
        where = {"scale": far[0], "wave": far[1], "language": "all"}
        text.append(
            "The two differ most for "
            f"{row['label']} ({page.wave(far[1]).lower()}): omega "
            f"{page.value(SCALES, 'estimate', **where, statistic='omega total')}, "
            f"alpha {page.value(SCALES, 'estimate', **where, statistic='alpha')}."
        )
    if len(categorical):
        text.append(
            "Categorical omega takes the answers as ordered steps and still speaks of the sum that is used "
            "[@green2009]. "
            "Ordinal alpha speaks of the answers behind the steps and is usually higher; "
            "it is no reliability of the score."
        )
    return " ".join(text)


def _waves(page: Page) -> str:
    """Say whether the alphas of the same people changed between the waves."""
    change = _rows(page, "alpha, change since the wave before").dropna(subset=["ci_low"])
    if change.empty or not page.internal:  # limits of the public tier are rounded outwards
        return ""
    clear = change[(change["ci_low"] > 0) | (change["ci_high"] < 0)]
    count = page.count(len(change), SCALES, "alpha, change since the wave before")
    said = page.count(len(clear), SCALES, "intervals of the change of alpha without zero")
    names = listed([f"{row['label']}" for row in clear.to_dict("records")])
    return (
        f"Among the people who answered every item in both waves, alpha changed clearly in {said} of {count} "
        "comparisons" + (f" ({names})" if names else "") + ", without adjustment for the number of comparisons. "
        "A score that is less reliable in one wave makes change harder to see, not larger."
    )


def _languages(page: Page) -> str:
    """Say which language versions are described, where the first wave has one that may be."""
    first = _first_languages(page)
    if first.empty:
        return ""
    names = listed([LANGUAGES.get(name, name) for name in dict.fromkeys(first["language"])])
    least = page.setting(page.facts["statistics"]["min_n"], "statistics.min_n")
    return (
        f"@tbl-languages describes language versions with {least} complete respondents or more on every scale "
        f"({names}); "
        "smaller ones, and those whose numbers would tell of a small country, are not described. "
        "The values are too imprecise to compare translations."
    )


def _first_languages(page: Page) -> pd.DataFrame:
    """Return the rows of alpha by language in the first wave; none in the report for the public."""
    every = page.rows(SCALES, statistic="alpha")
    if every.empty or not page.internal:
        return every.iloc[:0]
    first = every[(every["wave"] == every["wave"].iloc[0]) & (every["language"] != "all")]
    return first if first["estimate"].notna().any() else first.iloc[:0]


def _by_wave(page: Page, table: pd.DataFrame) -> pd.DataFrame:
    """Return rows in the order of the waves, each wave under its label."""
    waves = list(dict.fromkeys(table["wave"]))
    ordered = table.sort_values("wave", key=lambda names: names.map(waves.index), kind="stable")
    return ordered.assign(wave=ordered["wave"].map(page.wave)).reset_index(drop=True)


def scales_table(page: Page) -> None:
    """Show alpha and omega by scale and wave."""
    table = _rows(page, "alpha")
    omega = {(row["scale"], row["wave"]): row for row in _rows(page, "omega total").to_dict("records")}
    rows = table.to_dict("records")
    wide = table[["label", "items", "wave"]].copy()
    wide["n"] = [page.cell(row, "n", 0) for row in rows]
    wide["alpha"] = [page.interval(row) for row in rows]
    wide["published"] = [
        "" if low != low else f"{low:.2f}" if low == high else f"{low:.2f} to {high:.2f}"
        for low, high in table[["published_low", "published_high"]].to_numpy()
    ]
    columns = {"label": "Scale", "items": "Items", "n": "n", "alpha": "Alpha [interval]"}
    notes = ["n: participants who answered every item. Alpha: Feldt interval."]
    if any(row["estimate"] == row["estimate"] for row in omega.values()):
        cells = [omega.get((row["scale"], row["wave"])) for row in rows]
        wide["omega"], columns["omega"] = [_cell(page, row) for row in cells], "Omega [interval]"
        notes[0] += (
            " Omega: one factor, maximum likelihood, bootstrap interval (BCa), in samples of this size a little too "
            "narrow; it is missing where too many draws have no proper solution."
        )
    if wide["published"].any():
        columns["published"] = "Published alpha"
    notes += [f"{row['label']}, {page.wave(row['wave']).lower()}: {row['note']}." for row in rows if row["note"]]
    page.show(
        _by_wave(page, wide), columns, groups="wave", right=list(columns)[2:], name="reliability", notes=notes
    )  # fmt: skip


def _cell(page: Page, row: dict[str, Any] | None) -> str:
    return DASH if row is None else page.interval(row)


def precision(page: Page) -> None:
    """Say what the errors of measurement mean for one person."""
    change = _rows(page, "minimal detectable change").dropna(subset=["estimate"])
    if change.empty:
        return
    first = change.iloc[0]
    value = page.value(SCALES, "estimate", **_where(first, "minimal detectable change"))
    page.say(
        "@tbl-precision turns alpha into points of the scale [@weir2005]. A single person's score must move by more "
        "than "
        f"the minimal detectable change, for example {value} points of {first['label']} "
        f"({page.wave(first['wave']).lower()}), before the movement is more than error of measurement; "
        "the mean of a group needs far less. Many people at the lowest or highest possible score leave no room to move."
    )


def precision_table(page: Page) -> None:
    """Show errors of measurement, floor and ceiling by scale, the waves side by side."""
    table = _rows(page, "minimal detectable change")
    error = {
        (row["scale"], row["wave"]): row for row in _rows(page, "standard error of measurement").to_dict("records")
    }
    ends = {
        (row["scale"], row["wave"]): row for row in page.rows("sample/scores.csv", cohort="all").to_dict("records")
    } if page.has("sample") else {}  # fmt: skip
    wide = table.drop_duplicates("scale")[["scale", "label"]].reset_index(drop=True)
    columns, spanners = {"label": "Scale"}, {}
    for wave in dict.fromkeys(table["wave"]):
        rows = {row["scale"]: row for row in table[table["wave"] == wave].to_dict("records")}
        parts = {
            "sem": ("SEM", [_points(page, error[scale, wave]) for scale in wide["scale"]]),
            "mdc": ("MDC", [_points(page, rows[scale]) for scale in wide["scale"]]),
        }
        for end, name in (("floor", "Floor, %"), ("ceiling", "Ceiling, %")) if ends else ():
            parts[end] = (name, [_end(ends.get((scale, wave)), f"{end}_percent") for scale in wide["scale"]])
        for part, (heading, values) in parts.items():
            wide[f"{wave} {part}"], columns[f"{wave} {part}"] = values, heading
        spanners[page.wave(wave)] = [f"{wave} {part}" for part in parts]
    notes = [
        "SEM: standard error of measurement; MDC: minimal detectable change of one person, 95 %; both in points of the "
        "scale, from alpha.",
        *(
            [f"{FEW.capitalize()}: too few people, or all but too few, for a share to be shown; also nobody."]
            if ends
            else []
        ),
    ]
    page.show(wide, columns, spanners=spanners, right=list(columns)[1:], name="precision", notes=notes)


def _points(page: Page, row: dict[str, Any]) -> str:
    """Return points of a scale; two decimals on a long scale would only look exact."""
    return page.cell(row, "estimate", min(page.digits, 1) if row["estimate"] >= 5 else None)


def _end(row: dict[str, Any] | None, column: str) -> str:
    if row is None:
        return DASH
    return format_number(row[column], 0) if row[column] == row[column] else FEW


HIERARCHY = "ω hier.: the share of a general factor beside three group factors (Schmid-Leiman). "


def further_table(page: Page) -> None:
    """Show the other coefficients of every scale and wave, to the team only."""
    if not page.internal:
        return
    every = page.rows(SCALES, language="all")
    wide = _rows(page, "alpha")[["scale", "label", "wave"]].reset_index(drop=True)
    found = {(row["scale"], row["wave"], row["statistic"]): row for row in every.to_dict("records")}
    columns = {"label": "Scale"}
    page.say("::: {#tbl-further}\n")
    for statistic, heading in FURTHER.items():
        cells = [found.get((row["scale"], row["wave"], statistic)) for row in wide.to_dict("records")]
        if any(row is not None and row["estimate"] == row["estimate"] for row in cells):
            wide[statistic] = [DASH if row is None else page.cell(row, "estimate") for row in cells]
            columns[statistic] = heading
    page.show(
        _by_wave(page, wide),
        columns, groups="wave", right=list(columns)[1:], name="further",
        notes=[
            "Lowest and best half: over all ways to split the items. "
            + (HIERARCHY if "omega hierarchical" in columns else "")
            + "Intervals, kinds and reasons for what is missing stand in reliability/scales.csv."
        ],
    )  # fmt: skip
    page.say("Further coefficients of every scale by wave.\n:::")


def languages_table(page: Page) -> None:
    """Show alpha by language version in the first wave, to the team only."""
    first = _first_languages(page)
    if first.empty:
        return
    languages = list(dict.fromkeys(first["language"]))
    wide = first.drop_duplicates("scale")[["scale", "label"]].reset_index(drop=True)
    found = {(row["scale"], row["language"]): row for row in first.to_dict("records")}
    columns = {"label": "Scale"}
    for language in languages:
        cells = [found.get((scale, language)) for scale in wide["scale"]]
        wide[language] = [
            f"{page.interval(row)}, n = {page.cell(row, 'n', 0)}"
            if row and row["estimate"] == row["estimate"]
            else DASH
            for row in cells
        ]
        columns[language] = LANGUAGES.get(language, language)
    page.say("::: {#tbl-languages}\n")
    warned = [
        f"{row['label']}, {LANGUAGES.get(row['language'], row['language'])}: {warning}."
        for row in first.to_dict("records")
        if (warning := row["note"].replace("language versions, descriptive only", "").strip("; "))
        and "two items" not in warning
    ]
    page.show(wide, columns, right=languages, name="languages", notes=warned)
    wave = page.wave(first["wave"].iloc[0]).lower()
    page.say(f"Alpha by language version, {wave}, descriptive only: Feldt interval and n.\n:::")


def answers_figure(page: Page) -> None:
    """Show the spread of the answers, to the team only."""
    if page.internal:
        page.figure(
            "answers",
            "Answers to every item by wave, as asked, around the middle of the scale. Answers given by too few people "
            "are joined with their neighbours: the colour is that of their middle, and a part that lies across the "
            "middle of the scale is split there.",
        )


def raters(page: Page) -> None:
    """Explain the agreement of auditors and raters with the numbers at hand."""
    table = page.table(RATERS)
    if table.empty:
        page.say("No standard has an external verdict or a rating, so nothing can be compared.")
        return
    page.say(
        "Percent agreement is easy to read and ignores chance; kappa and Krippendorff's alpha correct for the "
        "agreement that the shares of the categories alone would give [@fleiss1971; @hayes2007], and fall when nearly "
        "everything is in one category. Gwet's AC1 corrects less in that case [@gwet2008]. So they stand side by side, "
        "with the shares of the categories. Intraclass correlations take ratings as numbers [@shrout1979; @mcgraw1996]."
    )
    lines = []
    for track in dict.fromkeys(table.loc[table["about"] == "auditors", "group"]):
        where = {"about": "auditors", "group": track, "level": "nominal"}
        agreed = _with_interval(page, **where, statistic="percent agreement")
        cases = page.value(RATERS, "n", 0, **where, statistic="percent agreement")
        auditors = page.value(RATERS, "raters", 0, **where, statistic="percent agreement")
        parts = [
            f"{name} {_with_interval(page, **where, statistic=statistic)}"
            for name, statistic in (
                ("kappa", "Fleiss' kappa"),
                ("AC1", "Gwet's AC1"),
                ("alpha", "Krippendorff's alpha (nominal)"),
            )
        ]
        lines.append(
            f"- **Auditors, {track}.** The share of {cases} cases in which the external auditors of an institution "
            f"gave the same verdict is {agreed} ({auditors} auditors in all); {', '.join(parts)}."
        )
    for dimension in dict.fromkeys(table.loc[table["about"] == "ratings", "group"]):
        where = {"about": "ratings", "group": dimension}
        if page.rows(RATERS, **where, statistic="Krippendorff's alpha (ordinal)").empty:
            lines.append(f"- **Ratings, {str(dimension).replace('_', ' ')}.** Too few people rated for a coefficient.")
            continue
        alpha = _with_interval(page, **where, level="ordinal", statistic="Krippendorff's alpha (ordinal)")
        single = _with_interval(page, **where, level="interval", statistic="ICC(A,1)")
        n = page.value(RATERS, "n", 0, **where, level="ordinal", statistic="percent agreement")
        lines.append(
            f"- **Ratings, {str(dimension).replace('_', ' ')}.** {n} standards; Krippendorff's alpha (ordinal) "
            f"{alpha}, "
            f"intraclass correlation of a single rater {single}."
        )
    page.say("\n".join(lines))
    if (table["about"] == "auditors").any():
        page.say(
            "All intervals of the auditors are too narrow: cases of one institution are not independent, and where the "
            "interval of alpha draws whole institutions, there are few to draw from."
        )


def _with_interval(page: Page, **where: Any) -> str:
    """Return estimate and interval in prose, or why there is none."""
    row = page.rows(RATERS, **where).iloc[0]
    if row["estimate"] != row["estimate"]:
        return f"not computed ({row['note'].removeprefix('undefined: ')})"
    if row["ci_low"] != row["ci_low"]:
        return page.value(RATERS, "estimate", 2, **where)
    return interval(page, RATERS, 2, **where)


#: Columns of the table of raters: heading, and the coefficient for categories and for ordered ones.
RATED = {
    "agreement": ("Agreement", {"nominal": "percent agreement", "ordinal": "percent agreement"}),
    "kappa": ("Fleiss' kappa", {"nominal": "Fleiss' kappa", "ordinal": "Fleiss' kappa (quadratic weights)"}),
    "gwet": ("Gwet's AC1, AC2", {"nominal": "Gwet's AC1", "ordinal": "Gwet's AC2 (quadratic weights)"}),
    "alpha": (
        "Krippendorff's alpha",
        {"nominal": "Krippendorff's alpha (nominal)", "ordinal": "Krippendorff's alpha (ordinal)"},
    ),
}


def raters_table(page: Page) -> None:
    """Show the coefficients of auditors and raters, a row a group and reading of its categories."""
    import pandas as pd

    table = page.table(RATERS)
    found = {(row["about"], row["group"], row["level"], row["statistic"]): row for row in table.to_dict("records")}
    # Groups of too few raters have one row that says so, and no coefficient.
    groups = list(dict.fromkeys(key[:3] for key in found if key[3].startswith("Krippendorff") and key[2] != "interval"))
    if not groups:
        return
    rows, shares = [], []
    for about, name, level in groups:
        label = f"{str(name).replace('_', ' ')}, {'categories' if level == 'nominal' else 'ordered'}"
        cells = {key: found[about, name, level, names[level]] for key, (_heading, names) in RATED.items()}
        rows.append(
            {
                "about": "Auditors" if about == "auditors" else "Ratings of the standards",
                "group": label[0].upper() + label[1:],
                "n": page.cell(cells["agreement"], "n", 0),
                **{key: page.interval(row, 2) for key, row in cells.items()},
            }
        )
        share = [
            f"{key[3].removeprefix('prevalence: ')}: {format_number(100 * row['estimate'], 0)} %"
            for key, row in found.items()
            if key[:3] == (about, name, level)
            and key[3].startswith("prevalence")
            and row["estimate"] == row["estimate"]
        ]
        shares += [f"{label[0].upper() + label[1:]}: {', '.join(share)}."] if share else []
    columns = {"group": "Group", "n": "n", **{key: heading for key, (heading, _names) in RATED.items()}}
    notes = [
        "n: cases with two verdicts or more, and rated standards. Ordered categories: quadratic weights, AC2. Cohen's, "
        "Conger's and Brennan and Prediger's coefficients and all forms of the intraclass correlation stand in "
        "reliability/raters.csv.",
        *(["Shares of the categories. " + " ".join(shares)] if shares else []),
    ]
    page.show(pd.DataFrame(rows), columns, groups="about", right=list(columns)[1:], name="raters", notes=notes)


def items(page: Page) -> None:
    """Say how many items measure with their scale."""
    table = page.table("reliability/items.csv").dropna(subset=["item_rest"])
    if table.empty or not page.internal:  # rounded values are not counted against a bound
        return
    every = page.count(len(table), "reliability/items.csv", "item_rest with a value")
    low = page.count((table["item_rest"] < LOW).sum(), "reliability/items.csv", f"item_rest below {LOW}")
    against = page.count((table["item_rest"] < 0).sum(), "reliability/items.csv", "item_rest below 0")
    page.say(
        f"An item that measures with its scale goes along with the sum of the other items. Of {every} such "
        "correlations "
        f"(an item in a wave, @fig-item-rest), {low} lie under three tenths and {against} are negative. "
        "A negative one most often means that an item was not turned round, or was turned round twice."
    )


#: A common lower bound of item-rest correlations.
LOW = 0.3


def raters_figure(page: Page) -> None:
    """Show the agreement of auditors and raters where there is any."""
    if page.table(RATERS)["estimate"].notna().any():
        page.figure(
            "raters",
            "Agreement of the auditors of every track and of the people who rated the standards, with intervals.",
        )
