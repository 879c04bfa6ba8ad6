"""How the pages beside the report look that people read, and their tables: no script, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

#: What a browser may load for such a page: its own style and pictures written into it.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

# Colours, sizes and table lines are those of reports/style/report.css.
STYLE = """
:root {
  color-scheme: light;
  --ink: #22201d; --muted: #615b53; --hair: #d9d4cc; --wash: #f7f5f2; --paper: #ffffff; --accent: #0b5563;
  --tip: #3f6632; --important: #6d3a63; --warning: #8f5300; --caution: #97301f;
  --text: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif;
  --mono: ui-monospace, "Cascadia Mono", "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  --measure: 44rem;
}
html { font-size: 17px; -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-padding-top: 1.5rem; }
body { margin: 0; background: var(--paper); color: var(--ink); font-family: var(--text); line-height: 1.62; }
main { box-sizing: border-box; max-width: 66rem; margin: 0 auto; padding: 2.5rem 1.5rem 5rem; }
main, td, th { overflow-wrap: anywhere; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 2px; }
a { color: var(--accent); text-decoration-thickness: 1px; text-underline-offset: 0.18em; }
code { padding: 0.1em 0.3em; border-radius: 3px; background: var(--wash); font-family: var(--mono); font-size: 0.86em; }
h1, h2, h3 { color: var(--accent); font-weight: 650; line-height: 1.25; letter-spacing: -0.01em; text-wrap: balance; }
h1 { margin: 0; font-size: clamp(1.75rem, 1.2rem + 2.4vw, 2.5rem); line-height: 1.15; }
h2 { margin: 2.2em 0 0.6em; font-size: 1.5rem; }
h3 { margin: 2em 0 0.6em; font-size: 1.16rem; }
p, ul, ol { max-width: var(--measure); margin: 0 0 1em; }
ul, ol { padding-left: 1.4em; }
li { margin: 0.25em 0; }
header { margin: 0 0 1.6rem; padding-bottom: 1.2rem; border-bottom: 2px solid var(--accent); }
.subtitle { margin: 0.6rem 0 0; color: var(--muted); font-size: 1.15rem; line-height: 1.4; }
.summary { font-size: 1.1rem; line-height: 1.5; }
.box { max-width: var(--measure); margin: 1.6rem 0; padding: 0.9rem 1.2rem; border-left: 4px solid; }
.synthetic { border-color: var(--important); background: #f7f3f6; }
table {
  margin: 0 0 1.8rem; border-collapse: collapse; border-top: 2px solid var(--ink); border-bottom: 2px solid var(--ink);
  font-size: 0.82rem; font-variant-numeric: tabular-nums lining-nums; line-height: 1.4;
}
caption { padding-bottom: 0.6rem; font-size: 0.88rem; line-height: 1.45; text-align: left; }
th, td { padding: 0.38rem 0.6rem; border-top: 1px solid var(--hair); text-align: left; vertical-align: top; }
tr > :first-child { padding-left: 0.1rem; }
thead th { border-top: 0; font-weight: 650; line-height: 1.3; vertical-align: bottom; }
thead + tbody > tr:first-child > * { border-top: 1px solid var(--ink); }
tbody th { font-weight: 400; }
.number { text-align: right; }
"""

#: What stands in a cell without a value.
NOTHING = "–"


def joined(words: Sequence[str]) -> str:
    """Join words as a sentence does: ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def table_of(
    caption: str, headers: Sequence[str], rows: Iterable[Sequence[str]], style: str, numbers: Collection[str] = ()
) -> str:
    """Build a table whose first column names the row; all texts are HTML already.

    The roles are written out, since browsers forget what a table is when its rows are laid out as blocks.
    """
    styles = ["number" if header in numbers else "words" for header in headers]
    head = "".join(
        f'<th scope="col" role="columnheader" class="{kind}">{header}</th>'
        for header, kind in zip(headers, styles, strict=True)
    )
    body = []
    for first, *cells in rows:
        others = "".join(
            f'<td role="cell" data-label="{header}" class="{kind}{" nothing" if cell == NOTHING else ""}">{cell}</td>'
            for header, kind, cell in zip(headers[1:], styles[1:], cells, strict=True)
        )
        body.append(f'<tr role="row"><th scope="row" role="rowheader">{first}</th>{others}</tr>')
    return "\n".join(
        [
            f'<table class="{style}" role="table">',
            f"<caption>{caption}</caption>",
            f"<colgroup>{'<col>' * len(headers)}</colgroup>",
            f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>',
            '<tbody role="rowgroup">',
            *body,
            "</tbody>",
            "</table>",
        ]
    )
