"""The two report engines: the choice, Quarto's command line, and pages really rendered with the built-in one."""

from __future__ import annotations

import io
import os
import re
import stat
import subprocess
import sys
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path

import docx
import pytest
from piloteval.errors import ConfigError, PilotError
from piloteval.report import builtin, engines

REPOSITORY = Path(__file__).parents[2]
STYLE = REPOSITORY / "reports" / "style" / "report.css"
FORMATS = ("html", "docx", "pdf")

PICTURE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="120" height="60"><rect width="120" height="60" fill="#0b5563"/></svg>
"""

BIBLIOGRAPHY = """\
@book{krippendorff2019, author={Krippendorff, Klaus}, title={Content Analysis}, publisher={SAGE}, year={2019},
  doi={10.4135/9781071878781}}
"""

INNER = """\
Deeply **included**.
"""

PART = """\
## Limits {#sec-limits}

{{< include _inner.qmd >}}

```{python}
#| label: shared-kernel
#| output: asis
print(f"The included cell knows *n* = {n}.")
```
"""

PAGE = """\
---
title: "A small report"
subtitle: "With everything in it"
author:
  - name: Ana Beispiel
    affiliation: Institute of Examples
  - Jan de Voorbeeld
date: 2026-11-20
lang: en
abstract: "A short *abstract* with @tbl-pipe."
toc: true
toc-depth: 2
number-sections: true
bibliography: refs.bib
execute:
  echo: false
format:
  html: {css: report.css, embed-resources: true, html-math-method: mathml}
  docx: default
  typst: default
---

::: {.tier-banner .tier-internal}
Internal use.
:::

```{python}
#| label: setup
#| include: false
import matplotlib.pyplot as plt
import pandas as pd
from great_tables import GT
from IPython.display import Markdown
import helper_for_the_page
n = 128
print("never shown")
```

# Aims {#sec-aims}

See @sec-methods, @sec-limits, @fig-static, @fig-drawn, @tbl-pipe, @tbl-great and @eq-mean; only its number:
[-@tbl-pipe].
Two at once: [@fig-static; @fig-drawn]. Krippendorff wrote a book [@krippendorff2019, p. 3].[^note]

The rise is [0.85]{.num source="change.csv#support"}, *n* is `{python} n`, a word is `{python} "a*b"`, and
`{python} Markdown("**strong**")` is Markdown. From the path: `{python} helper_for_the_page.WORD`. An e-mail address,
a.b@example.org, is no reference. Report: {{< meta title >}}.

[^note]: A footnote with a [link](https://example.org/a).

# Methods {#sec-methods}

$$
\\bar x = \\frac{1}{n} \\sum_i x_i
$$ {#eq-mean}

![A static picture](figures/box.svg){#fig-static fig-alt="A petrol box, with \\"quotes\\"" width=50%}

| Group  |  N |
|:-------|---:|
| Nurses | 12 |

: Participants {#tbl-pipe}

```{python}
#| label: tbl-great
#| tbl-cap: "Means *before* and after"
#| output: asis
frame = pd.DataFrame({"scale": ["Support", "Trust"], "n": [n, 119], "pre": [3.02, 3.55], "post": [3.36, 3.71]})
table = GT(frame, id="great").tab_spanner("Mean", ["pre", "post"]).cols_label(scale="Scale", pre="Before", post="After")
print("```{=html}\\n" + table.tab_source_note("From 1 to 5.").as_raw_html() + "\\n```")
```

```{python}
#| label: fig-drawn
#| fig-cap: "A drawn figure"
#| fig-alt: "A line that rises"
#| fig-width: 3
#| fig-height: 2
plt.plot([1, 2, 3]);
```

{{< include _part.qmd >}}

# Results

::: {.callout-note}
## Titled note
Inside the note.
:::

::: {.callout-tip collapse="true"}
Inside the tip.
:::

::: {.callout-important}
Inside.
:::

::: {.callout-warning}
Inside.
:::

::: {.callout-caution}
Inside.
:::

::: {.content-visible when-format="html"}
Only on the screen.
:::

::: {.content-hidden when-format="html"}
Only on paper.
:::

::: {.column-margin}
A margin note.
:::

::: {.panel-tabset}
## First tab
In the first tab.

## Second tab
In the second tab.
:::

```{python}
#| label: shown
#| echo: true
#| warning: false
import sys
print("un" + "seen", file=sys.stderr)
print("seen", "`" * 3)
```

```{python}
#| label: skipped
#| eval: false
raise RuntimeError("never run")
```

```{python}
#| label: allowed
#| error: true
#| tags: [example]
raise KeyError("shown on purpose")
```

{{< pagebreak >}}

<!-- a private remark -->

# References {.unnumbered}

::: {#refs}
:::
"""


def fill(folder: Path, page: str = PAGE) -> Path:
    """Fill a scratch folder as the workflow does, and return the page."""
    (folder / "figures").mkdir(parents=True)
    (folder / "figures" / "box.svg").write_text(PICTURE, encoding="utf-8")
    (folder / "refs.bib").write_text(BIBLIOGRAPHY, encoding="utf-8")
    (folder / "_part.qmd").write_text(PART, encoding="utf-8")
    (folder / "_inner.qmd").write_text(INNER, encoding="utf-8")
    (folder / "report.css").write_text(STYLE.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "page.qmd").write_text(page, encoding="utf-8")
    return folder / "page.qmd"


def render(folder: Path, to: str, page: str = PAGE) -> bytes:
    source = fill(folder / "work", page)
    extra = folder / "extra"
    extra.mkdir()
    (extra / "helper_for_the_page.py").write_text('WORD = "helped"\n', encoding="utf-8")
    output = folder / "out" / f"page.{to}"
    engines.render(source, output, to=to, engine="builtin", workdir=folder / "work", python_path=[extra])
    return output.read_bytes()


def render_all(tmp_path_factory) -> tuple[Path, dict[str, bytes]]:
    """Render the page to every format, two at a time, and return the folder and the files."""
    folder = tmp_path_factory.mktemp("pages")
    with ThreadPoolExecutor(max_workers=2) as pool:
        files = dict(zip(FORMATS, pool.map(lambda to: render(folder / to, to), FORMATS), strict=True))
    return folder, files


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> tuple[Path, dict[str, bytes]]:
    return render_all(tmp_path_factory)


@pytest.fixture(scope="module")
def rendered(run) -> dict[str, bytes]:
    return run[1]


@pytest.fixture(scope="module")
def html(rendered) -> str:
    return rendered["html"].decode("utf-8")


@pytest.fixture(scope="module")
def word(rendered):
    return docx.Document(io.BytesIO(rendered["docx"]))


@pytest.fixture(scope="module")
def typst(run) -> str:
    """Return the Typst source that the PDF was made from."""
    return (run[0] / "pdf" / "work" / "_page.typ").read_text(encoding="utf-8")


def text_of(document) -> str:
    return "\n".join("".join(node.itertext()) for node in document.element.body.iter(f"{builtin.WORD}p"))


# Choice and command line ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "found", "engine"),
    [
        ("auto", "/usr/bin/quarto", "quarto"),
        ("auto", None, "builtin"),
        ("quarto", "/usr/bin/quarto", "quarto"),
        ("builtin", "/usr/bin/quarto", "builtin"),
    ],
)
def test_engine_follows_the_setting_and_the_path(monkeypatch, setting, found, engine):
    monkeypatch.setattr(engines.shutil, "which", lambda name: found if name == "quarto" else None)
    assert engines.choose_engine(setting) == engine


def test_quarto_that_is_not_there_is_an_error_with_a_remedy(monkeypatch):
    monkeypatch.setattr(engines.shutil, "which", lambda name: None)
    with pytest.raises(ConfigError) as fault:
        engines.choose_engine("quarto")
    assert str(fault.value) == (
        "report.engine in config.yaml asks for quarto, which is not on the PATH; install it, or write auto or builtin."
    )


def test_unknown_setting_names_the_three():
    with pytest.raises(ConfigError, match="must be one of auto, quarto, builtin"):
        engines.choose_engine("pandoc")


@pytest.mark.parametrize(("to", "quarto", "more"), [("docx", "docx", []), ("pdf", "typst", [])])
def test_quarto_command_line(to, quarto, more):
    command = engines.quarto_command(Path("/scratch/evaluation.qmd"), to, f"evaluation.{to}", Path("/scratch"))
    assert command == [
        *("quarto", "render", "evaluation.qmd", "--to", quarto, "--output-dir", f"_rendered/evaluation.{to}"),
        *("--execute-dir", "/scratch", "--no-execute-daemon", *more),
    ]


def test_quarto_command_line_embeds_everything_in_html():
    command = engines.quarto_command(Path("/scratch/evaluation.qmd"), "html", "team.html", Path("/scratch"))
    assert command == [
        *("quarto", "render", "evaluation.qmd", "--to", "html", "--output-dir", "_rendered/team.html"),
        *("--execute-dir", "/scratch", "--no-execute-daemon", "-M", "embed-resources:true"),
    ]


def pretend_quarto(folder: Path, monkeypatch, script: str) -> None:
    """Put a program called quarto on the PATH that does what the script says."""
    folder.mkdir()
    program = folder / "quarto"
    program.write_text(f"#!{sys.executable}\nimport os, sys, pathlib\n{script}\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_quarto_result_is_moved_and_its_cells_find_the_package(tmp_path, monkeypatch):
    pretend_quarto(
        tmp_path / "bin",
        monkeypatch,
        "folder = pathlib.Path(sys.argv[sys.argv.index('--output-dir') + 1]); folder.mkdir(parents=True)\n"
        "facts = [os.environ['QUARTO_PYTHON'], os.environ['PYTHONPATH'].split(os.pathsep)[0], os.getcwd()]\n"
        "(folder / 'page.pdf').write_text('|'.join(facts))",
    )
    source = fill(tmp_path / "work")
    output = tmp_path / "out" / "team.pdf"
    engines.render(
        source, output, to="pdf", engine="quarto", workdir=tmp_path / "work", python_path=[tmp_path / "package"]
    )
    assert output.read_text() == f"{sys.executable}|{tmp_path / 'package'}|{tmp_path / 'work'}"


def test_failing_quarto_says_which_cell_and_not_what_was_in_it(tmp_path, monkeypatch, capfd):
    log = (
        "Executing 'page.quarto_ipynb'\\n  Cell 1/3: 'setup'...Done\\n  Cell 2/3: 'tbl-scores'...\\n"
        "An error occurred while executing the following cell:\\nframe.loc['secret person']\\n"
        "KeyError                                  Traceback (most recent call last)\\nKeyError: 'secret person'\\n"
    )
    pretend_quarto(tmp_path / "bin", monkeypatch, f"print('''{log}''')\nsys.exit(1)")
    source = fill(tmp_path / "work")
    with pytest.raises(PilotError) as fault:
        engines.render(
            source, tmp_path / "x.html", to="html", engine="quarto", workdir=tmp_path / "work", python_path=[]
        )
    assert str(fault.value) == (
        "page.qmd could not be rendered: cell 'tbl-scores' raised KeyError; the traceback is in the log of this job."
    )
    assert "secret person" in capfd.readouterr().out  # in the log of the job, not on the console


def test_quarto_failure_without_a_cell():
    assert engines.quarto_failure("page.qmd", "ERROR: YAML parse error") == (
        "page.qmd could not be rendered by Quarto; its own message is in the log of this job."
    )


# The built-in engine: one page with everything ------------------------------------------------------------------------


def test_references_are_numbered_in_html(html):
    found = {}
    for anchor, text in re.findall(r'<a href="#([\w-]+)"[^>]*class="xref"[^>]*>(.*?)</a>', html):
        found.setdefault(anchor, []).append(text.replace("\xa0", " "))
    assert found == {
        "sec-methods": ["Section 2"],
        "sec-limits": ["Section 2.1"],
        "fig-static": ["Figure 1", "Figure 1"],
        "fig-drawn": ["Figure 2", "Figure 2"],
        "tbl-pipe": ["Table 1", "Table 1", "1"],
        "tbl-great": ["Table 2"],
        "eq-mean": ["Equation 1"],
    }
    for anchor in found:
        assert html.count(f'id="{anchor}"') == 1


def test_section_numbers_agree_with_the_references(html, word, typst):
    numbers = re.findall(r'<span class="header-section-number">([\d.]+)</span> (Methods|Limits)</h', html)
    assert numbers == [("2", "Methods"), ("2.1", "Limits")]
    headings = [p.text for p in word.paragraphs if p.style.name.startswith("Heading")]
    assert headings[:4] == ["1\tAims", "2\tMethods", "2.1\tLimits", "3\tResults"]
    assert "References" in headings
    assert 'numbering: "1.1.1"' in typst
    assert "= Methods\n<sec-methods>" in typst


def test_references_are_numbered_in_word_and_pdf(word, typst):
    text = text_of(word).replace("\xa0", " ")
    assert (
        "See Section 2, Section 2.1, Figure 1, Figure 2, Table 1, Table 2 and Equation 1; only its number: 1." in text
    )
    anchors = {link.get(f"{builtin.WORD}anchor") for link in word.element.body.iter(f"{builtin.WORD}hyperlink")}
    marks = {mark.get(f"{builtin.WORD}name") for mark in word.element.body.iter(f"{builtin.WORD}bookmarkStart")}
    assert {"fig-static", "tbl-great", "eq-mean", "sec-limits"} <= anchors - {None} <= marks
    assert "#link(<tbl-great>)[Table~2]" in typst
    assert "#link(<eq-mean>)[Equation~1]" in typst


@pytest.mark.parametrize(
    "mark", ["?@", "@fig-", "@tbl-", "@sec-", "@eq-", "{python}", "{{<", ":::", "private remark", "unseen"]
)
def test_nothing_is_left_unresolved(html, word, typst, mark):
    assert mark not in html
    assert mark not in text_of(word)
    assert mark not in typst


def test_title_block(html, word, typst):
    assert '<html lang="en">' in html
    assert "<title>A small report</title>" in html
    for text in ("With everything in it", "Ana Beispiel, Institute of Examples", "Jan de Voorbeeld", "2026-11-20"):
        assert text in html
        assert text in text_of(word)
        assert text in typst
    assert "A short <em>abstract</em> with <a" in html
    assert 'class="tier-banner tier-internal"' in html
    assert word.sections[0].header.paragraphs[0].text == "Internal use."


def test_contents(html, word):
    contents = html[html.index('<nav id="TOC"') : html.index("</nav>")]
    assert re.findall(r'href="#([\w-]+)"', contents) == [
        "sec-aims",
        "sec-methods",
        "sec-limits",
        "results",
        "references",
    ]
    listed = next(word.element.body.iter(f"{builtin.WORD}sdtContent"))
    entries = ["".join(t.text for t in p.iter(f"{builtin.WORD}t")) for p in listed.iter(f"{builtin.WORD}p")]
    assert entries == ["Contents", "1  Aims", "2  Methods", "2.1  Limits", "3  Results", "References"]


def test_number_spans_keep_their_source_on_the_page_only(html, word, typst):
    assert '<span class="num" data-source="change.csv#support">0.85</span>' in html
    assert "The rise is 0.85, n is 128" in text_of(word)
    assert "The rise is 0.85, #emph[n] is 128" in typst


def test_inline_expressions(html, word):
    assert "a word is a*b, and <strong>strong</strong> is Markdown" in html.replace("\n", " ")
    assert "From the path: helped." in text_of(word)
    assert "Report: A small report." in text_of(word)


def test_cell_options(html, word):
    assert "never shown" not in html
    assert "never run" not in html
    assert "seen ```" in html
    assert "import sys" in re.sub("<[^>]+>", "", html)
    assert "tab_spanner" not in html
    assert "KeyError: " in html
    assert "seen ```" in text_of(word)


def test_included_pages_share_the_kernel(html, word, typst):
    assert "The included cell knows <em>n</em> = 128." in html
    assert "The included cell knows n = 128." in text_of(word)
    assert "Deeply #strong[included]." in typst


def test_conditional_content(html, word, typst):
    assert "Only on the screen." in html
    assert "Only on paper." not in html
    for text in (text_of(word), typst):
        assert "Only on paper." in text
        assert "Only on the screen." not in text


def test_callouts(html, word, typst):
    for kind in ("note", "important", "warning", "caution"):
        assert f'<div class="callout callout-{kind}" role="note"' in html
    assert '<details class="callout callout-tip"><summary class="callout-title">' in html
    assert "Titled note" in html
    styles = {paragraph.style.name for paragraph in word.paragraphs}
    assert {f"Callout {kind}" for kind in ("Note", "Tip", "Important", "Warning", "Caution")} <= styles
    assert typst.count("#callout(") == 5


def test_tabs_and_margin_notes_degrade_to_what_every_format_has(html, word, typst):
    assert re.search(r"<h3[^>]*>First tab</h3>", html)
    assert '<aside class="column-margin">' in html
    assert "In the second tab." in text_of(word)
    assert "#margin-note[" in typst


def test_great_table_is_native_in_word(word):
    pipe, great = word.tables
    assert [cell.text for cell in pipe.rows[1].cells] == ["Nurses", "12"]
    assert [[cell.text for cell in row.cells] for row in great.rows] == [
        ["Scale", "n", "Mean", "Mean"],
        ["Scale", "n", "Before", "After"],
        ["Support", "128", "3.02", "3.36"],
        ["Trust", "119", "3.55", "3.71"],
    ]
    assert great.rows[0].cells[2]._tc.grid_span == 2
    captions = [p.text.replace("\xa0", " ") for p in word.paragraphs if p.style.name == "Table Caption"]
    assert captions == ["Table 1: Participants", "Table 2: Means before and after"]
    assert [p.text for p in word.paragraphs if p.style.name == "Table Notes"] == ["From 1 to 5."]


def test_great_table_is_native_in_pdf(typst):
    assert "colspan: 2" in typst
    assert "caption: [#strong[Table~2:] Means #emph[before] and after]" in typst
    assert "table.cell(align: right)[3.36]" in typst


def test_great_table_keeps_its_html_on_the_page(html):
    figure = html[html.index('id="tbl-great"') :]
    figure = figure[: figure.index("</figure>")]
    assert figure.index('<figcaption id="tbl-great-caption">') < figure.index('<table class="gt_table"')
    assert 'class="gt_column_spanner">Mean</span>' in figure
    assert 'role="region" tabindex="0" aria-labelledby="tbl-great-caption"' in figure


def test_pictures_have_alternative_texts(html, word, rendered):
    texts = ['A petrol box, with "quotes"', "A line that rises"]
    assert re.findall(r'<img[^>]*alt="([^"]*)"', html) == [text.replace('"', "&quot;") for text in texts]
    assert [shape._inline.docPr.get("descr") for shape in word.inline_shapes] == texts
    streams = [rendered["pdf"]]
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", rendered["pdf"], flags=re.DOTALL):
        try:
            streams.append(zlib.decompress(stream))
        except zlib.error:
            continue
    assert b"A line that rises" in b"".join(streams)


def test_page_loads_nothing_and_says_so(html):
    policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', html)[1]
    assert unescape(policy) == "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:"
    assert builtin.loads(html) is None
    assert "<script" not in html.lower()
    assert not re.findall(r'(?:src|srcset|data|action|poster)="(?!data:)[^"]*"', html)
    assert "var(--accent)" in html  # the style sheet is in the page


@pytest.mark.parametrize(
    "piece",
    [
        "<script>1</script>",
        '<img src="http://a/b.png">',
        "<link href=x>",
        '<p style="background: url(//a/b)">',
        "<style>@import 'a'</style>",
    ],
)
def test_what_would_load_is_seen(piece):
    assert builtin.loads(f"<p>before</p>{piece}<p>after</p>")


def test_text_about_addresses_is_no_load():
    assert (
        builtin.loads("<p>url(https://example.org) &lt;script&gt; <a href='https://example.org'>link</a></p>") is None
    )


def test_pdf_is_tagged_and_accessible(rendered):
    assert rendered["pdf"].startswith(b"%PDF-1.7")
    assert b"/StructTreeRoot" in rendered["pdf"]
    assert b"<pdfuaid:part>1</pdfuaid:part>" in rendered["pdf"]


def test_word_file_tells_neither_user_nor_date(rendered):
    with zipfile.ZipFile(io.BytesIO(rendered["docx"])) as archive:
        core = archive.read("docProps/core.xml").decode()
        assert archive.read("docProps/custom.xml") == builtin.NO_PROPERTIES
        assert {part.date_time for part in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert not re.search("created|modified|lastModifiedBy", core)
    assert "A small report" in core


def test_same_page_gives_the_same_bytes(rendered, tmp_path_factory):
    again = render_all(tmp_path_factory)[1]
    assert [to for to in FORMATS if again[to] != rendered[to]] == []


# The built-in engine: faults ------------------------------------------------------------------------------------------


def fault_of(folder: Path, body: str, front: str = "title: Faults", to: str = "html") -> str:
    source = fill(folder / "work", f"---\n{front}\n---\n\n{body}\n")
    with pytest.raises(PilotError) as fault:
        engines.render(source, folder / "x", to=to, engine="builtin", workdir=folder / "work", python_path=[])
    assert not (folder / "x").exists()
    return str(fault.value)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (
            "See @fig-nowhere.",
            "refers to @fig-nowhere, which names no figure, table, equation, section or reference; correct the name.",
        ),
        (
            "[@nobody2020] and @tbl-no",
            "refers to @nobody2020 and @tbl-no, which names no figure, table, equation, section or reference; "
            "correct the name.",
        ),
        ("# A {#sec-a}\n\n# B {#sec-a}", "gives the label @sec-a twice; rename one of the two."),
        (
            "![A](figures/none.png)",
            "shows the picture figures/none.png, which is not there; correct the path or make the picture first.",
        ),
        (
            "![A](https://example.org/a.png)",
            "would load https://example.org/a.png from the network; save a copy beside the page and show that.",
        ),
        ("<script>alert(1)</script>", "holds a script in raw HTML, which a report may not; remove it."),
        (
            "{{< video a.mp4 >}}",
            "uses the shortcode 'video a.mp4' after line 4 of page.qmd, which the built-in engine cannot carry out; "
            "write it out, or render with Quarto.",
        ),
        ("{{< include _none.qmd >}}", "includes _none.qmd, which is not there; correct the name or add the page."),
    ],
)
def test_faults_of_the_text_are_one_sentence(tmp_path, body, sentence):
    assert fault_of(tmp_path, body) == f"page.qmd {sentence}"


def test_front_matter_that_is_not_yaml(tmp_path):
    assert fault_of(tmp_path, "Text.", front="title: a: b") == (
        "page.qmd, line 2, is not valid YAML; correct it there (often it is an unquoted colon)."
    )


def test_block_that_is_never_closed(tmp_path):
    assert fault_of(tmp_path, "```{python}\n1 + 1") == (
        "The code block that begins in line 5 of page.qmd is never closed; end it with ```."
    )


def test_page_that_includes_itself(tmp_path):
    assert fault_of(tmp_path, "{{< include page.qmd >}}") == (
        "page.qmd includes itself by way of page.qmd; remove one of the include lines."
    )


@pytest.mark.parametrize("key", ["css", "bibliography"])
def test_missing_file_of_the_front_matter(tmp_path, key):
    assert fault_of(tmp_path, "Text.", front=f"{key}: none.x") == (
        f"page.qmd names none.x under {key}, which is not there; correct it or add it."
    )


def test_failing_cell_is_named_without_what_it_said(tmp_path, monkeypatch, capsys):
    # a home folder that cannot be written to, nor made
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, "/dev/null/home")
    body = "```{python}\n#| label: tbl-scores\nraise ValueError('secret person')\n```"
    sentence = fault_of(tmp_path, body)
    assert sentence == (
        "page.qmd could not be rendered: cell 'tbl-scores' raised ValueError; the traceback is in the log of this job."
    )
    assert "ValueError: secret person" in capsys.readouterr().out


def test_failing_expression_is_named_without_what_it_said(tmp_path, capsys):
    sentence = fault_of(tmp_path, "The value is `{python} {}['secret person']`.")
    assert sentence == (
        "page.qmd could not be rendered: the inline expression {}['secret person'] after line 4 of page.qmd raised "
        "KeyError; the traceback is in the log of this job."
    )
    capsys.readouterr()


def test_process_that_ends_is_a_sentence(tmp_path):
    sentence = fault_of(tmp_path, "```{python}\n#| label: crash\nimport os; os._exit(1)\n```")
    assert sentence == (
        "page.qmd could not be rendered: Python ended in cell 'crash', often for want of memory; give it more."
    )


# The built-in engine: parts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "markdown"),
    [
        ({"text/plain": "0.85"}, "0.85"),
        ({"text/plain": "'a_b'"}, r"a\_b"),
        ({"text/plain": '"it\'s"'}, "it's"),
        ({"text/plain": "<Markdown>", "text/markdown": "**b**"}, "**b**"),
        ({"text/plain": "x", "text/html": "<b>x</b>"}, "`<b>x</b>`{=html}"),
    ],
)
def test_inline_results_follow_quarto(data, markdown):
    assert builtin.inline_text(data) == markdown


def test_settings_are_merged_from_project_page_and_format(tmp_path):
    page = "---\nlang: no\ncss: [b.css]\nformat:\n  html: {toc: true}\n  typst: {toc: false}\n---\nText\n"
    source = fill(tmp_path / "work", page)
    (tmp_path / "work" / "_quarto.yml").write_text("format: {html: {number-sections: true}}\ncss: [a.css]\n")
    settings = builtin.read_page(source, tmp_path / "work", "html").settings
    # YAML 1.2: the language (and the country) "no" is a word
    assert (settings["lang"], settings["css"]) == ("no", ["a.css", "b.css"])
    assert (settings["toc"], settings["number-sections"]) == (True, True)
    assert builtin.read_page(source, tmp_path / "work", "pdf").settings["toc"] is False


def test_words_follow_the_language(tmp_path):
    front = "---\ntitle: Informe\nlang: es\ntoc: true\n---\n\n# Uno\n\n"
    body = "![Una caja](figures/box.svg){#fig-a}\n\nVer @fig-a.\n\n::: {.callout-warning}\nTexto.\n:::\n"
    html = render(tmp_path, "html", front + body).decode()
    for word in ("Figura\xa01:", "Advertencia", "Contenido", "Ir al texto"):
        assert word in html


def test_importing_the_engines_is_cheap():
    code = "import sys, piloteval.report.engines; print({'nbclient', 'typst', 'pypandoc', 'docx'} & set(sys.modules))"
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "workflow" / "scripts")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
