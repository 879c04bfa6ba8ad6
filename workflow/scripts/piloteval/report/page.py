"""What the report's pages call: numbers with their source, tables, figures, and the facts of the study.

Every number a page shows is read from a result table when the page is rendered. A number in prose is a span that names
its table, row and column, so that a reader (and a test) finds it again.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from piloteval import tables

if TYPE_CHECKING:
    import pandas as pd

DASH = "–"


def format_number(value: Any, digits: int = 2, sign: bool = False) -> str:
    """Return a number as text: fixed decimals, a true minus sign, a dash when it is missing."""
    import pandas as pd

    if value is None or pd.isna(value):
        return DASH
    text = f"{float(value):{'+' if sign else ''},.{digits}f}"
    if float(text.replace(",", "")) == 0:
        text = f"{0:.{digits}f}"  # no minus zero
    return text.replace(",", " ").replace("-", "−")


def format_p(value: Any) -> str:
    """Return a p-value as text: three decimals, ``<0.001`` below."""
    import pandas as pd

    if value is None or pd.isna(value):
        return DASH
    return "<0.001" if value < 0.001 else f"{value:.3f}"


class Page:
    """A report page: the tables of one tier, the figures, the study.

    Parameters
    ----------
    folder : Path
        The folder the page is rendered in; it holds ``report.json``, ``tables/`` and ``figures/``.
    """

    def __init__(self, folder: str | Path = ".") -> None:
        self.folder = Path(folder)
        facts = json.loads((self.folder / "report.json").read_text(encoding="utf-8"))
        self.tier: str = facts["tier"]
        self.engine: str = facts["engine"]
        self.study: dict[str, Any] = facts["study"]
        self.facts: dict[str, Any] = facts
        self._tables: dict[str, pd.DataFrame] = {}

    # ------------------------------------------------------------------------------------------------ tables and facts
    def has(self, part: str) -> bool:
        """Tell whether the study has a part."""
        return part in self.facts["parts"]

    @property
    def internal(self) -> bool:
        """Whether this is the report of the study team."""
        return self.tier == "internal"

    @cached_property
    def digits(self) -> int:
        """Decimals a statistic may show in this tier."""
        return 2 if self.internal else self.facts["tiers"]["release_decimals"]

    def path(self, name: str) -> str:
        """Return the path of a table below ``results/``, from the page's tier or, for provenance, the internal one."""
        for tier in (self.tier, "internal"):
            if (self.folder / "tables" / "results" / tier / name).is_file():
                return f"{tier}/{name}"
        raise KeyError(name)

    def table(self, name: str) -> pd.DataFrame:
        """Return a result table by its path below the tier, for example ``change/outcomes.csv``."""
        if name not in self._tables:
            self._tables[name] = tables.read(self.folder / "tables" / "results" / self.path(name))
        return self._tables[name]

    def rows(self, name: str, **where: Any) -> pd.DataFrame:
        """Return the rows of a table whose columns have the given values."""
        table = self.table(name)
        for column, value in where.items():
            table = table[table[column] == value]
        return table

    def cohort(self, name: str) -> str:
        """Return the label of a cohort."""
        return "All participants" if name == "all" else self.study["cohorts"].get(name, name)

    def wave(self, name: str) -> str:
        """Return the label of a wave."""
        return self.study["waves"].get(name, name)

    # ------------------------------------------------------------------------------------------------ numbers in prose
    def span(self, text: str, source: str) -> str:
        """Return a number as a span that names its source."""
        said = html.escape(source, quote=True)
        return f'[{text}]{{.num source="{said}" title="{said}"}}'

    def value(
        self,
        name: str,
        column: str,
        digits: int | None = None,
        style: Callable[[Any], str] | None = None,
        sign: bool = False,
        **where: Any,
    ) -> str:
        """Return one cell of a table as a number in prose.

        Raises
        ------
        KeyError
            Not exactly one row is meant.
        """
        rows = self.rows(name, **where)
        if len(rows) != 1:
            raise KeyError(f"{name}: {where} names {len(rows)} rows")
        value = rows.iloc[0][column]
        text = style(value) if style else format_number(value, self.digits if digits is None else digits, sign)
        return self.span(text, f"{self.path(name)} | {', '.join(f'{k}={v}' for k, v in where.items())} | {column}")

    def count(self, number: int, name: str, what: str) -> str:
        """Return a count of rows of a table as a number in prose."""
        return self.span(str(int(number)), f"{self.path(name)} | rows: {what}")

    def setting(self, value: Any, key: str) -> str:
        """Return a value of the configuration as a number in prose."""
        return self.span(f"{value:g}" if isinstance(value, int | float) else str(value), f"config.yaml | {key}")

    @staticmethod
    def words(text: str) -> str:
        """Return words that are not the program's, so that Markdown changes none of them."""
        return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)

    # ------------------------------------------------------------------------------------------------ output of cells
    def say(self, *paragraphs: str) -> None:
        """Print paragraphs of markdown."""
        print("\n\n".join(paragraph for paragraph in paragraphs if paragraph) + "\n")

    def cell(self, row: dict[str, Any], column: str, digits: int | None = None, sign: bool = False) -> str:
        """Return a cell of a table row as text: a number, ``withheld``, or a dash where it is undefined."""
        import pandas as pd

        value = row[column]
        if pd.isna(value) and "withheld" in str(row.get("note", "")):
            return "withheld"
        return format_number(value, self.digits if digits is None else digits, sign)

    def interval(self, row: dict[str, Any], digits: int | None = None, sign: bool = False) -> str:
        """Return estimate and interval of a statistic row as text: ``0.85 [0.79, 0.90]``."""
        import pandas as pd

        text = self.cell(row, "estimate", digits, sign)
        if pd.isna(row["estimate"]) or pd.isna(row["ci_low"]):
            return text
        return f"{text} [{self.cell(row, 'ci_low', digits, sign)}, {self.cell(row, 'ci_high', digits, sign)}]"

    def show(
        self,
        table: pd.DataFrame,
        columns: dict[str, str],
        *,
        name: str,
        groups: str | None = None,
        spanners: dict[str, list[str]] | None = None,
        right: Iterable[str] = (),
        digits: dict[str, int] | None = None,
        notes: Iterable[str] = (),
    ) -> None:
        """Print a table as HTML, which both engines turn into native tables of their formats.

        Parameters
        ----------
        table : pandas.DataFrame
            Rows to show; text is shown as it is, numbers with the decimals of the tier.
        columns : dict of str to str
            Columns shown, with their headings, in order.
        name : str
            Id of the table, so that the same table gives the same bytes.
        groups : str, optional
            Column whose values become group headings.
        spanners : dict of str to list of str, optional
            Headings over several columns.
        right : iterable of str
            Text columns that are set like numbers.
        digits : dict of str to int, optional
            Decimals of number columns that differ from the tier's own.
        notes : iterable of str
            Lines under the table.
        """
        import great_tables as gt
        import pandas as pd

        shown = pd.DataFrame(index=table.index)
        numbers = [column for column in columns if pd.api.types.is_numeric_dtype(table[column])]
        for column in columns:
            if column in numbers:
                places = (digits or {}).get(column, 0 if pd.api.types.is_integer_dtype(table[column]) else None)
                shown[column] = [self.cell(row, column, places) for row in table.to_dict("records")]
            else:
                shown[column] = [str(value) for value in table[column]]  # great_tables escapes text
        if groups:
            shown[groups] = table[groups].astype(str)
        made = gt.GT(shown.reset_index(drop=True), groupname_col=groups, id=name).cols_label(
            **{key: gt.html(label) for key, label in columns.items()}
        )
        aligned = [*numbers, *right]
        made = made.cols_align("right", columns=aligned).cols_align(
            "left", columns=[column for column in columns if column not in aligned]
        )
        for label, under in (spanners or {}).items():
            made = made.tab_spanner(label, under)
        for note in notes:
            made = made.tab_source_note(note)
        raw = made.as_raw_html(make_page=False)
        start, end = raw.find("<style>"), raw.find("</style>")
        print(f"```{{=html}}\n{raw[:start] + raw[end + len('</style>') :] if start >= 0 else raw}\n```\n")

    def figure(self, name: str, caption: str, width: str = "100%") -> None:
        """Print a figure with its caption and its description in words."""
        alt = self.rows("figures/alt.csv", figure=name).iloc[0]["alt"].replace('"', "'")
        print(f'![{caption}](figures/{name}.png){{#fig-{name.replace("_", "-")} fig-alt="{alt}" width={width}}}\n')
