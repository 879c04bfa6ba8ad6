"""The built-in report engine: a .qmd page to HTML, DOCX or PDF with Python wheels alone.

The way of a page::

    .qmd -> read_page -> run_cells (nbclient) -> assemble -> pandoc + filters/qmd.lua -> HTML, DOCX, or Typst -> PDF

It renders what Quarto renders from the same file: cell options, inline expressions, includes, numbered figures, tables, equations and
sections with cross references, callouts, conditional content, citations, footnotes. Where it is stricter it is on purpose: a reference
to nothing, a missing picture, an address on the network are errors here.

The same page with the same tools gives the same bytes.
"""

from __future__ import annotations

import ast
import base64
import datetime
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import textwrap
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from piloteval.errors import ConfigError, PilotError
from piloteval.report.engines import DEFAULT_EPOCH, cell_environment, failed_cell

HERE = Path(__file__).parent
FILTER = HERE / "filters" / "qmd.lua"
TYPST_TEMPLATE = HERE / "typst_template.typ"

#: The key below ``format:`` that speaks of each of our formats; Quarto's name of the PDF made by Typst is typst.
FORMAT_KEYS = {"html": "html", "docx": "docx", "pdf": "typst"}
PANDOC_FORMATS = {"html": "html5", "docx": "docx", "pdf": "typst"}

#: Front matter that steers Quarto or this engine and is not part of the document.
NOT_METADATA = {
    "format", "execute", "project", "params", "jupyter", "engine", "filters", "theme", "css", "toc", "toc-depth", "reference-doc",
    "editor", "output-file", "fig-width", "fig-height", "fig-dpi", "html-math-method", "embed-resources", "template",
}  # fmt: skip


# Reading ------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Prose:
    """Markdown between the cells; inline expressions and shortcodes in it are carried out."""

    text: str
    place: str


@dataclass(frozen=True)
class Verbatim:
    """A fenced block that is not a cell: it passes as it is."""

    text: str


@dataclass(frozen=True)
class Cell:
    """A Python cell with its options.

    Attributes
    ----------
    code : str
        The source without the option lines.
    options : dict
        What the ``#|`` lines say.
    place : str
        Line and file, for messages.
    indent : str
        White space before the fence: a cell inside a list item.
    """

    code: str
    options: dict
    place: str
    indent: str = ""

    @property
    def label(self) -> str:
        """The cell's label, empty if it has none."""
        return str(self.options.get("label", ""))

    @property
    def name(self) -> str:
        """The cell in words, for messages."""
        return f"cell {self.label!r}" if self.label else f"the cell at {self.place}"


@dataclass(frozen=True)
class Page:
    """A .qmd taken apart: its settings for one format, and its pieces in order."""

    name: str
    settings: dict
    pieces: list[Prose | Verbatim | Cell] = field(default_factory=list)


FENCE = re.compile(r"^(?P<indent>[ \t]*)(?P<ticks>`{3,}|~{3,})[ \t]*(?P<info>[^`]*)$")
CELL_INFO = re.compile(r"^\{\s*python\b[^}]*\}\s*$")
INCLUDE = re.compile(r"^\s*\{\{<\s*include\s+(?P<path>\S.*?)\s*>\}\}\s*$")
SHORTCODE = re.compile(r"(?<!\{)\{\{<\s*(?P<name>[\w-]+)\s*(?P<argument>.*?)\s*>\}\}(?!\})")
INLINE = re.compile(r"(?<!`)`\{python\}[ \t]+([^`]+)`(?!`)")


def read_page(source: Path, workdir: Path, to: str) -> Page:
    """Read a .qmd with everything it includes.

    Parameters
    ----------
    source : Path
        The .qmd.
    workdir : Path
        Its folder; a ``_quarto.yml`` there gives defaults.
    to : {"html", "docx", "pdf"}
        The format, for settings that hold for one format only.

    Returns
    -------
    Page
        Settings and pieces.

    Raises
    ------
    PilotError
        If the page, its front matter, a cell's options or an included page cannot be read.
    """
    front, _ = _front_matter(source)
    settings: dict = {}
    for name in ("_quarto.yml", "_metadata.yml"):
        if (workdir / name).is_file():
            settings = merged(settings, _yaml((workdir / name).read_text("utf-8"), name, 0))
    settings = merged(settings, front)
    formats = settings.get("format")
    if isinstance(formats, dict) and isinstance(formats.get(FORMAT_KEYS[to]), dict):
        settings = merged(settings, formats[FORMAT_KEYS[to]])
    return Page(source.name, settings, list(_pieces(source, workdir, ())))


def merged(base: dict, over: dict) -> dict:
    """Return ``base`` with the values of ``over``: mappings are merged, lists joined, everything else is replaced."""
    result = dict(base)
    for key, value in over.items():
        known = result.get(key)
        if isinstance(known, dict) and isinstance(value, dict):
            result[key] = merged(known, value)
        elif isinstance(known, list) and isinstance(value, list):
            result[key] = known + value
        else:
            result[key] = value
    return result


def _yaml(text: str, name: str, first_line: int) -> dict:
    # YAML 1.2, as Quarto reads it: "no" is a word (and a country), not a false
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        value = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {first_line + mark.line + 1} of " if mark else ""
        raise ConfigError(f"{line}{name} is not valid YAML; correct it there (often an unquoted colon).") from None
    if value is not None and not isinstance(value, dict):
        raise ConfigError(f"{name} must hold keys and values where line {first_line + 1} begins; correct it there.")
    return value or {}


def _front_matter(path: Path) -> tuple[dict, int]:
    """Return the settings on top of a page and the number of lines they take."""
    lines = path.read_text("utf-8-sig").splitlines()
    if not lines or lines[0].rstrip() != "---":
        return {}, 0
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() in ("---", "..."):
            return _yaml("\n".join(lines[1:number]), path.name, 1), number + 1
    raise ConfigError(f"The front matter of {path.name} is never closed; end it with a line of three hyphens.")


def _pieces(path: Path, workdir: Path, chain: tuple[Path, ...]) -> Iterator[Prose | Verbatim | Cell]:
    if path in chain:
        raise PilotError(f"{path.name} includes itself by way of {chain[-1].name}; remove one of the include lines.")
    lines = path.read_text("utf-8-sig").splitlines()
    number = _front_matter(path)[1]
    prose: list[str] = []
    start = number
    while number < len(lines):
        fence, include = FENCE.match(lines[number]), INCLUDE.match(lines[number])
        if not fence and not include:
            prose.append(lines[number])
            number += 1
            continue
        if prose:
            yield Prose("\n".join(prose), f"line {start + 1} of {path.name}")
            prose = []
        if include:
            yield from _pieces(_included(include["path"], path, workdir), workdir, (*chain, path))
        else:
            end = _fence_end(lines, number, fence["ticks"], path.name)
            yield _fenced(lines, number, end, fence, path.name)
            number = end
        number += 1
        start = number
    if prose:
        yield Prose("\n".join(prose), f"line {start + 1} of {path.name}")


def _included(name: str, path: Path, workdir: Path) -> Path:
    for folder in (path.parent, workdir):
        found = (folder / name.strip("\"'").lstrip("/")).resolve()
        if found.is_file() and found.is_relative_to(workdir):
            return found
    raise PilotError(f"{path.name} includes {name}, which is not there; correct the name or add the page.")


def _fence_end(lines: list[str], start: int, ticks: str, name: str) -> int:
    close = re.compile(rf"^[ \t]*{re.escape(ticks[0])}{{{len(ticks)},}}[ \t]*$")
    for number in range(start + 1, len(lines)):
        if close.match(lines[number]):
            return number
    raise PilotError(f"The code block that begins in line {start + 1} of {name} is never closed; end it with {ticks}.")


def _fenced(lines: list[str], start: int, end: int, fence: re.Match, name: str) -> Verbatim | Cell:
    if not CELL_INFO.match(fence["info"]):
        return Verbatim("\n".join(lines[start : end + 1]))
    body = textwrap.dedent("\n".join(lines[start + 1 : end])).splitlines()
    count = next((i for i, line in enumerate(body) if not re.match(r"#\s*\|", line)), len(body))
    options = _yaml("\n".join(re.sub(r"^#\s*\| ?", "", line) for line in body[:count]), name, start + 1)
    return Cell("\n".join(body[count:]), options, f"line {start + 1} of {name}", fence["indent"])


# Running ------------------------------------------------------------------------------------------------------------------------

#: IPython's settings for the cells: no history file, figures as vectors for screens and PDF, as bitmaps for Word.
KERNEL_CONFIG = """\
c.HistoryManager.enabled = False
c.InlineBackend.figure_formats = {formats!r}
"""

#: matplotlib's settings for the cells; a fixed salt makes the identifiers inside SVG files the same in every run.
MATPLOTLIB_CONFIG = """\
svg.hashsalt: piloteval
figure.figsize: {width}, {height}
figure.dpi: {dpi}
"""

#: Longest path a socket may have on every system.
SOCKET_PATH = 90


def run_cells(page: Page, to: str, workdir: Path, python_path: list[Path]) -> dict[int, list]:
    """Run the cells and inline expressions of a page, in order, in one fresh Python process.

    Parameters
    ----------
    page : Page
        The page.
    to : {"html", "docx", "pdf"}
        The format; it decides how figures are drawn.
    workdir : Path
        Where the process runs.
    python_path : list of Path
        Folders to import from.

    Returns
    -------
    dict of int to list
        For the position of a cell its outputs (nbformat nodes); for that of a piece of prose the results of its inline
        expressions (mappings from MIME type to text).

    Raises
    ------
    PilotError
        If a cell or an expression raises, or the process ends.
    """
    tasks = _tasks(page)
    if not tasks:
        return {}
    # a folder of its own holds all that Jupyter and IPython want to write: the home folder may be read-only
    with tempfile.TemporaryDirectory(prefix="piloteval-") as scratch:
        return _run_tasks(page, tasks, Path(scratch), to, workdir, python_path)


def _tasks(page: Page) -> list[tuple[int, Cell | list[str]]]:
    tasks: list[tuple[int, Cell | list[str]]] = []
    defaults = page.settings.get("execute") or {}
    for position, piece in enumerate(page.pieces):
        if isinstance(piece, Cell) and {**defaults, **piece.options}.get("eval", True) is not False:
            tasks.append((position, piece))
        if isinstance(piece, Prose) and INLINE.search(piece.text):
            tasks.append((position, INLINE.findall(piece.text)))
    return tasks


def _run_tasks(page: Page, tasks: list, scratch: Path, to: str, workdir: Path, python_path: list[Path]) -> dict[int, list]:
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError
    from traitlets.config import Config

    client = NotebookClient(
        nbformat.v4.new_notebook(),
        timeout=None,
        startup_timeout=180,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(workdir)}},
        config=Config(_kernel_settings(scratch)),
    )
    results: dict[int, list] = {}
    task = "its first cell"
    try:
        with client.setup_kernel(env=_kernel_environment(page, scratch, to, python_path)):
            for position, job in tasks:
                if isinstance(job, Cell):
                    task = job.name
                    results[position] = _run_cell(client, job, page)
                else:
                    task = f"an inline expression after {page.pieces[position].place}"
                    results[position] = _run_expressions(client, job, page, position)
    except CellExecutionError as error:
        print(re.sub(r"\x1b\[[0-9;]*m", "", error.traceback))
        raise PilotError(failed_cell(page.name, task, _type_name(error.ename))) from None
    except (DeadKernelError, RuntimeError) as error:
        print(error)
        raise PilotError(
            f"{page.name} could not be rendered: the Python process ended in {task}, often for want of memory; see the log of this job."
        ) from None
    return results


def _type_name(text: str) -> str:
    return re.sub(r"[^\w.]", "", text or "") or "an exception"


def _run_cell(client, cell: Cell, page: Page) -> list:
    import nbformat

    options = {**(page.settings.get("execute") or {}), **cell.options}
    size = {key: cell.options[key] for key in ("fig-width", "fig-height") if key in cell.options}
    if size:
        # the only case in which the engine itself touches matplotlib: a cell asks for a size of its own
        width, height = _figure_size({**page.settings, **size})
        _execute(client, nbformat.v4.new_code_cell(f"__import__('matplotlib').rcParams['figure.figsize'] = ({width}, {height})"))
    node = nbformat.v4.new_code_cell(cell.code)
    if options.get("error") is True:
        node.metadata["tags"] = ["raises-exception"]
    outputs = _execute(client, node)
    if size:
        width, height = _figure_size(page.settings)
        _execute(client, nbformat.v4.new_code_cell(f"__import__('matplotlib').rcParams['figure.figsize'] = ({width}, {height})"))
    return outputs


def _execute(client, node) -> list:
    client.nb.cells.append(node)
    return client.execute_cell(node, len(client.nb.cells) - 1, store_history=False).outputs


def _run_expressions(client, expressions: list[str], page: Page, position: int) -> list[dict]:
    request = client.kc.execute("", user_expressions={str(i): text.strip() for i, text in enumerate(expressions)})
    content = client.wait_for_reply(request)["content"]
    results = []
    for i, text in enumerate(expressions):
        result = content["user_expressions"][str(i)]
        if result["status"] != "ok":
            print("\n".join(result.get("traceback", [])))
            where = f"the inline expression {text.strip()!r} after {page.pieces[position].place}"
            raise PilotError(failed_cell(page.name, where, _type_name(result.get("ename", ""))))
        results.append(result["data"])
    return results


def _kernel_settings(scratch: Path) -> dict:
    """Return how to start the kernel: always with this interpreter, whatever kernels are installed on the machine."""
    folder = scratch / "kernels" / "python3"
    folder.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (folder / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Python 3", "language": "python"}), "utf-8")
    connection = scratch / "kernel.json"
    # sockets in a private folder keep other users of a shared machine out; loopback ports where the path is too long for one
    ipc = os.name == "posix" and len(str(connection)) < SOCKET_PATH
    manager = {"connection_file": str(connection), "transport": "ipc" if ipc else "tcp"}
    return {
        "AsyncKernelManager": manager,
        "KernelSpecManager": {"kernel_dirs": [str(folder.parent)], "ensure_native_kernel": False},
    }


def _kernel_environment(page: Page, scratch: Path, to: str, python_path: list[Path]) -> dict[str, str]:
    profile = scratch / "ipython" / "profile_default"
    profile.mkdir(parents=True)
    formats = ["png"] if to == "docx" else ["svg"]
    (profile / "ipython_kernel_config.py").write_text(KERNEL_CONFIG.format(formats=formats), "utf-8")
    width, height = _figure_size(page.settings)
    dpi = page.settings.get("fig-dpi", 192)
    (scratch / "matplotlibrc").write_text(MATPLOTLIB_CONFIG.format(width=width, height=height, dpi=dpi), "utf-8")
    return {
        **cell_environment("builtin", python_path, epoch_of(page.settings)),
        "IPYTHONDIR": str(scratch / "ipython"),
        "JUPYTER_CONFIG_DIR": str(scratch / "jupyter"),
        "JUPYTER_DATA_DIR": str(scratch / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(scratch / "jupyter"),
        "MATPLOTLIBRC": str(scratch / "matplotlibrc"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def _figure_size(settings: dict) -> tuple[float, float]:
    return float(settings.get("fig-width", 6.5)), float(settings.get("fig-height", 4.0))


def epoch_of(settings: dict) -> int:
    """Return the moment a page's files are dated with, in seconds since 1970.

    ``SOURCE_DATE_EPOCH`` of the environment comes first, then an ISO ``date`` in the front matter, then a fixed day.
    """
    if os.environ.get("SOURCE_DATE_EPOCH", "").isdigit():
        return int(os.environ["SOURCE_DATE_EPOCH"])
    try:
        day = datetime.date.fromisoformat(str(settings.get("date", ""))[:10])
    except ValueError:
        return DEFAULT_EPOCH
    return max(DEFAULT_EPOCH, int(datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.UTC).timestamp()))


# Assembling ---------------------------------------------------------------------------------------------------------------------

MARKDOWN_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~^$@])")
PLOT_REPR = re.compile(r"^[\[({]*<[\w.]+")


def assemble(page: Page, results: dict[int, list], figures: Path) -> str:
    """Return the page as Markdown, every cell replaced by what it shows.

    Parameters
    ----------
    page : Page
        The page.
    results : dict of int to list
        As returned by `run_cells`.
    figures : Path
        Folder, in the page's own folder, that the drawn figures are written to.

    Returns
    -------
    str
        Markdown for pandoc and ``qmd.lua``.
    """
    parts = []
    for position, piece in enumerate(page.pieces):
        if isinstance(piece, Verbatim):
            parts.append(piece.text)
        elif isinstance(piece, Prose):
            values = iter([inline_text(data) for data in results.get(position, [])])
            text = INLINE.sub(lambda _, values=values: next(values), piece.text)
            parts.append(SHORTCODE.sub(lambda match, piece=piece: _shortcode(match, page, piece), text))
        else:
            shown = show_cell(piece, results.get(position, []), page, figures, position)
            parts.append("\n" + textwrap.indent(shown, piece.indent) + "\n")
    return "\n".join(parts)


def _shortcode(match: re.Match, page: Page, piece: Prose) -> str:
    if match["name"] == "pagebreak":
        return "\n\n::: {.page-break}\n:::\n\n"
    if match["name"] == "meta":
        value: object = page.settings
        for key in match["argument"].strip("\"'").split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if value is not None:
            return str(value)
    raise PilotError(
        f"{page.name} uses the shortcode {match['name']} {match['argument']}".rstrip()
        + f" after {piece.place}, which the built-in engine cannot carry out; write it out, or render with Quarto."
    )


def inline_text(data: dict[str, str]) -> str:
    """Return the Markdown for the result of an inline expression, by Quarto's rules.

    A ``Markdown`` object is Markdown, an object with HTML is HTML, and everything else is plain text: strings lose their quotes
    and characters that mean something in Markdown are escaped.
    """
    if "text/markdown" in data:
        return data["text/markdown"]
    if "text/html" in data:
        return f"`{data['text/html']}`{{=html}}"
    text = data.get("text/plain", "")
    if text[:1] in "'\"(" and text[:1]:
        try:
            value = ast.literal_eval(text)
        except (SyntaxError, ValueError):
            value = text
        text = value if isinstance(value, str) else text
    return MARKDOWN_SPECIAL.sub(r"\\\1", text)


def show_cell(cell: Cell, outputs: list, page: Page, figures: Path, position: int) -> str:
    """Return the Markdown a cell leaves in the page: its code if it is to be shown, and its outputs."""
    options = {**(page.settings.get("execute") or {}), **cell.options}
    if options.get("include", True) is False:
        return ""
    parts = []
    if options.get("echo", True) is not False and cell.code.strip():
        parts.append(_shown_code(cell.code, {**page.settings, **options}))
    if options.get("output", True) is not False:
        shown = [text for text in _shown_outputs(outputs, options, cell, figures, position) if text]
        if shown:
            parts.append(_float("\n\n".join(shown), options, cell.label))
    return "\n\n".join(parts)


def _shown_code(code: str, options: dict) -> str:
    block = _block("python", code.strip("\n"))
    return f"::: {{.code-fold}}\n{block}\n:::" if options.get("code-fold") in (True, "true", "show") else block


def _block(attributes: str, text: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{attributes}\n{text}\n{fence}"


def _float(body: str, options: dict, label: str) -> str:
    """Wrap the outputs of a labelled cell in a Div that the filter numbers and captions."""
    kind = next((kind for kind in ("fig", "tbl") if label.startswith(f"{kind}-") or f"{kind}-cap" in options), None)
    if kind is None:
        return f"::: {{.cell-output}}\n{body}\n:::"
    attributes = [f"#{label}"] if label.startswith(f"{kind}-") else []
    attributes.append(f".{kind}-float")
    if "tbl-colwidths" in options:
        attributes.append(f'tbl-colwidths="{options["tbl-colwidths"]}"')
    caption = str(options.get(f"{kind}-cap") or "").strip()
    return f"::: {{{' '.join(attributes)}}}\n{body}\n\n::: {{.float-caption}}\n{caption}\n:::\n:::"


def _shown_outputs(outputs: list, options: dict, cell: Cell, figures: Path, position: int) -> Iterator[str]:
    drawn = any("image/svg+xml" in output.get("data", {}) or "image/png" in output.get("data", {}) for output in outputs)
    stem = re.sub(r"[^\w-]", "-", cell.label) or f"cell-{position}"
    for number, output in enumerate(outputs):
        if output.output_type == "stream":
            if output.name == "stderr" and options.get("warning", True) is False:
                continue
            yield output.text if options.get("output") == "asis" else _block("{.output}", output.text.rstrip("\n"))
        elif output.output_type == "error":
            yield _block("{.output .error}", f"{output.ename}: {output.evalue}")
        elif "image/svg+xml" in output.data or "image/png" in output.data:
            yield _picture(output.data, options, figures, f"{stem}-{number + 1}")
        elif "text/markdown" in output.data:
            yield output.data["text/markdown"]
        elif "text/html" in output.data:
            yield _block("{=html}", output.data["text/html"])
        elif "text/plain" in output.data:
            # a plotting call's return value is noise beside the plot
            text = output.data["text/plain"]
            yield "" if drawn and PLOT_REPR.match(text) else _block("{.output}", text)


def _picture(data: dict, options: dict, figures: Path, stem: str) -> str:
    figures.mkdir(parents=True, exist_ok=True)
    if "image/svg+xml" in data:
        path, content = figures / f"{stem}.svg", data["image/svg+xml"].encode()
    else:
        path, content = figures / f"{stem}.png", base64.b64decode(data["image/png"])
    path.write_bytes(content)
    attributes = []
    if options.get("fig-alt"):
        alt = " ".join(str(options["fig-alt"]).split()).replace("\\", "\\\\").replace('"', '\\"')
        attributes.append(f'fig-alt="{alt}"')
    if "out-width" in options:
        attributes.append(f'width="{options["out-width"]}"')
    return f"![]({figures.name}/{path.name}){{{' '.join(attributes)}}}" if attributes else f"![]({figures.name}/{path.name})"


# Setting ------------------------------------------------------------------------------------------------------------------------

#: The page around the text. The policy lets nothing in but embedded pictures and this style sheet, and no script at all.
HTML_TEMPLATE = """\
<!DOCTYPE html>
<html lang="$lang$">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="piloteval, built-in engine">
$for(author-meta)$
<meta name="author" content="$author-meta$">
$endfor$
$if(date-meta)$
<meta name="dcterms.date" content="$date-meta$">
$endif$
<title>$pagetitle$</title>
<style>
$style$
</style>
</head>
<body class="report-page$if(toc)$ has-toc$endif$$if(body-classes)$ $body-classes$$endif$">
<a class="skip-link" href="#content">$skip-text$</a>
$if(tier-banner)$
<div class="$tier-classes$" role="note">
$tier-banner$
</div>
$endif$
<div class="report-columns">
<header id="title-block-header" class="title-block">
$if(title)$
<h1 class="title">$title$</h1>
$endif$
$if(subtitle)$
<p class="subtitle">$subtitle$</p>
$endif$
$if(author)$
<p class="byline">$for(author)$<span class="author">$author$</span>$sep$<span class="separator"> · </span>$endfor$</p>
$endif$
$if(date)$
<p class="date"><time>$date$</time></p>
$endif$
$if(abstract)$
<section class="abstract" aria-labelledby="abstract-title">
<h2 class="abstract-title" id="abstract-title">$abstract-title$</h2>
$abstract$
</section>
$endif$
</header>
$if(toc)$
<nav id="TOC" class="report-toc" aria-label="$toc-title$">
<input type="checkbox" id="toc-switch" class="toc-switch">
<label for="toc-switch" class="toc-label">$toc-title$</label>
<div class="toc-list">
$table-of-contents$
</div>
</nav>
$endif$
<main id="content" tabindex="-1">
$body$
</main>
</div>
</body>
</html>
"""

#: Sentences for what qmd.lua finds wrong, by its name for the kind of fault; {what} is a label, an address or a path in the text.
PROBLEMS = {
    "unresolved": "refers to {what}, which no figure, table, equation, section or bibliography entry is called; correct the name.",
    "duplicate": "gives the label {what} twice; rename one of the two.",
    "mixed": "mixes a cross reference and a citation in the bracket that begins with {what}; write two brackets.",
    "picture": "shows the picture {what}, which is not there; correct the path or make the picture first.",
    "remote": "would load {what} from the network; save a copy beside the page and show that.",
    "script": "holds a script in raw HTML, which a report may not; remove it.",
}
REFERENCE_PROBLEMS = ("unresolved", "duplicate", "mixed")

#: What makes a browser ask for something: a script, a frame, a source or style that is not embedded.
LOADED = re.compile(
    r"<(?:script|iframe|object|embed|link)\b|\bsrc(?:set)?\s*=\s*[\"']?((?:https?:)?//[^\"'\s>]+)"
    r"|url\(\s*[\"']?(?!data:|#)([^\"')]+)|@import\s+([^;]+)",
    re.IGNORECASE,
)


def render(source: Path, output: Path, *, to: str, workdir: Path, python_path: list[Path]) -> None:
    """Render one page with the built-in engine.

    Parameters
    ----------
    source : Path
        A .qmd inside ``workdir``.
    output : Path
        The file to write.
    to : {"html", "docx", "pdf"}
        The format.
    workdir : Path
        Folder with everything the page reads; by-products stay in ``_figures_<format>`` there.
    python_path : list of Path
        Folders that cells can import from.

    Raises
    ------
    PilotError
        If the page cannot be rendered; one sentence that names the page and how to mend it.
    """
    page = read_page(source, workdir, to)
    results = run_cells(page, to, workdir, python_path)
    text = assemble(page, results, workdir / f"_figures_{to}")
    setter = {"html": set_html, "docx": set_docx, "pdf": set_pdf}[to]
    output.write_bytes(setter(page, text, workdir))


def set_html(page: Page, text: str, workdir: Path) -> bytes:
    """Return the page as one HTML file that loads nothing."""
    with tempfile.TemporaryDirectory(prefix="piloteval-") as scratch:
        template = Path(scratch, "page.html")
        # a dollar sign in the style sheet is not one of the template's
        template.write_text(HTML_TEMPLATE.replace("$style$", style_sheets(page, workdir).replace("$", "$$")), "utf-8")
        arguments = ["--embed-resources", "--mathml", "--section-divs", "--template", str(template), *_contents(page, 1)]
        html = _pandoc(page, text, "html", workdir, Path(scratch), arguments).decode("utf-8")
    address = LOADED.search(html)
    if address:
        what = next(filter(None, address.groups()), "a script")[:80]
        raise PilotError(f"{page.name} {PROBLEMS['remote'].format(what=what)}")
    return html.encode("utf-8")


def style_sheets(page: Page, workdir: Path) -> str:
    """Return the text of the style sheets that the front matter names under ``css``."""
    names = page.settings.get("css") or []
    texts = []
    for name in [names] if isinstance(names, str) else names:
        if not (workdir / name).is_file():
            raise ConfigError(f"{page.name} asks for the style sheet {name}, which is not there; correct css in its front matter.")
        texts.append((workdir / name).read_text("utf-8"))
    return "\n".join(texts)


def set_pdf(page: Page, text: str, workdir: Path) -> bytes:
    """Return the page as a tagged PDF."""
    import typst

    arguments = ["--template", str(TYPST_TEMPLATE), "--syntax-highlighting", "idiomatic", *_contents(page)]
    if page.settings.get("number-sections") is True:
        arguments += ["--variable", "section-numbering"]
    with tempfile.TemporaryDirectory(prefix="piloteval-") as scratch:
        source = workdir / f"_{Path(page.name).stem}.typ"
        source.write_bytes(_pandoc(page, text, "pdf", workdir, Path(scratch), arguments))
    try:
        # without the machine's own fonts the pages break alike everywhere
        return typst.compile(
            str(source), root=str(workdir), ignore_system_fonts=True, timestamp=epoch_of(page.settings), pdf_tags=True
        )
    except typst.TypstError as error:
        print(error)
        raise PilotError(
            f"{page.name} could not be set as a PDF; Typst's own message is in the log of this job, and its source is {source.name}."
        ) from None


def _contents(page: Page, below_title: int = 0) -> list[str]:
    if page.settings.get("toc") is not True:
        return []
    return ["--toc", "--toc-depth", str(int(page.settings.get("toc-depth", 3)) + below_title)]


def metadata(page: Page) -> dict:
    """Return what the document's own metadata are: the settings without those that steer an engine, authors as plain lines."""
    meta = {key: value for key, value in page.settings.items() if key not in NOT_METADATA}
    lang = str(meta.get("lang", "en"))
    language, _, region = lang.partition("-")
    meta |= {"lang": lang, "typst-lang": language.lower(), "link-citations": meta.get("link-citations", True)}
    if len(region) == 2:
        meta["typst-region"] = region.upper()
    names, lines = _authors(meta)
    if lines:
        meta |= {"author": lines, "author-meta": names, "author-names": names}
    if "date" in meta:
        meta["date"] = _date(meta["date"], page)
    return meta


def _authors(meta: dict) -> tuple[list[str], list[str]]:
    """Return the authors' names, and the names with affiliations as they are shown; Quarto takes words, lists and mappings."""
    given = meta.pop("authors", None) or meta.get("author") or []
    names, lines = [], []
    for author in given if isinstance(given, list) else [given]:
        if not isinstance(author, dict):
            author = {"name": author}
        name = author.get("name", "")
        if isinstance(name, dict):
            name = name.get("literal") or f"{name.get('given', '')} {name.get('family', '')}"
        places = author.get("affiliation") or author.get("affiliations") or []
        places = [place.get("name", "") if isinstance(place, dict) else str(place) for place in _listed(places)]
        names.append(str(name).strip())
        lines.append(", ".join([str(name).strip(), *filter(None, places)]))
    return names, lines


def _listed(value: object) -> list:
    return value if isinstance(value, list) else [value]


def _date(value: object, page: Page) -> str:
    if str(value) in ("today", "now", "last-modified"):
        return datetime.datetime.fromtimestamp(epoch_of(page.settings), datetime.UTC).date().isoformat()
    return str(value)


def _pandoc(page: Page, text: str, to: str, workdir: Path, scratch: Path, arguments: list[str]) -> bytes:
    """Run pandoc with the filter and return what it writes; turn what the filter finds wrong into one sentence."""
    import pypandoc

    settings, output = scratch / "metadata.json", scratch / ("output.typ" if to == "pdf" else f"output.{to}")
    settings.write_text(json.dumps(metadata(page), default=str, sort_keys=True), "utf-8")
    command = [
        pypandoc.get_pandoc_path(), "--from", "markdown", "--to", PANDOC_FORMATS[to], "--standalone", "--wrap", "none",
        "--data-dir", str(scratch), "--metadata-file", str(settings), "--lua-filter", str(FILTER), "--output", str(output), *arguments,
    ]  # fmt: skip
    if page.settings.get("bibliography") or page.settings.get("references"):
        command.append("--citeproc")
    done = subprocess.run(command, input=text.encode("utf-8"), cwd=workdir, env=_offline(page), capture_output=True, check=False)
    messages = done.stderr.decode("utf-8", "replace").splitlines()
    problems = [line.split("\t")[1:] for line in messages if line.startswith("qmd-problem\t")]
    for line in messages:
        if not line.startswith("qmd-problem\t"):
            print(line)
    if problems:
        raise PilotError(problem_sentence(page.name, problems))
    if done.returncode != 0:
        raise PilotError(f"{page.name} could not be turned into {to}; pandoc's own message is in the log of this job.")
    return output.read_bytes()


def _offline(page: Page) -> dict[str, str]:
    # nothing listens on port 9: should an address slip through the filter, pandoc cannot fetch it
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    return {**os.environ, **nowhere, "SOURCE_DATE_EPOCH": str(epoch_of(page.settings))}


def problem_sentence(name: str, problems: list[list[str]]) -> str:
    """Return one sentence for what the filter found wrong with a page: all faults of the first kind.

    Parameters
    ----------
    name : str
        File name of the page.
    problems : list of [kind, what]
        As the filter reported them; kinds are the keys of `PROBLEMS`.

    Returns
    -------
    str
        One sentence.
    """
    kind = problems[0][0]
    sign = "@" if kind in REFERENCE_PROBLEMS else ""
    found = dict.fromkeys(f"{sign}{what}" for other, what in problems if other == kind)
    return f"{name} {PROBLEMS[kind].format(what=' and '.join(found))}"


# Word ---------------------------------------------------------------------------------------------------------------------------

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
WORD_FONT = "Calibri"
INK, MUTED, HAIR, WASH, ACCENT = "22201D", "615B53", "D9D4CC", "F7F5F2", "0B5563"

#: The look of Word's styles: size in points, colour, weight, space before and after in points, and for boxes the colour of the rule
#: at the left and of the ground.
WORD_STYLES = {
    "Normal": {"size": 10.5, "color": INK, "line": 1.2},
    "Body Text": {"before": 0, "after": 8},
    "First Paragraph": {"before": 0, "after": 8},
    "Compact": {"before": 2, "after": 2, "line": 1.05},
    "Title": {"size": 24, "color": ACCENT, "bold": True, "before": 0, "after": 4, "align": "left"},
    "Subtitle": {"size": 13, "color": MUTED, "before": 0, "after": 10, "align": "left"},
    "Author": {"size": 10.5, "before": 0, "after": 2, "align": "left"},
    "Date": {"size": 10, "color": MUTED, "before": 0, "after": 12, "align": "left"},
    "Abstract Title": {"size": 10.5, "color": ACCENT, "bold": True, "before": 6, "after": 2, "align": "left", "ground": WASH},
    "Abstract": {"size": 10, "before": 0, "after": 6, "ground": WASH},
    "Heading 1": {"size": 16, "color": ACCENT, "bold": True, "before": 22, "after": 6},
    "Heading 2": {"size": 13, "color": ACCENT, "bold": True, "before": 16, "after": 4},
    "Heading 3": {"size": 11, "color": INK, "bold": True, "before": 12, "after": 3},
    "TOC Heading": {"size": 13, "color": ACCENT, "bold": True, "before": 12, "after": 4},
    "Table Caption": {"size": 9.5, "color": INK, "italic": False, "before": 12, "after": 4, "keep": True},
    "Image Caption": {"size": 9.5, "color": INK, "italic": False, "before": 2, "after": 14},
    "Captioned Figure": {"before": 12, "after": 2, "keep": True},
    "Block Text": {"color": MUTED, "italic": True, "before": 4, "after": 8, "rule": HAIR},
    "Footnote Text": {"size": 9},
    "Bibliography": {"before": 0, "after": 6},
    "Hyperlink": {"color": ACCENT},
    "Verbatim Char": {"size": 9},
    "Table Notes": {"size": 9, "color": MUTED, "before": 3, "after": 12},
    "Margin Note": {"size": 9.5, "color": MUTED, "before": 4, "after": 8, "rule": HAIR},
    "Colophon": {"size": 9, "color": MUTED, "before": 12, "after": 4},
    "Tier Banner": {"size": 9, "color": ACCENT, "bold": True, "before": 0, "after": 10, "rule": ACCENT, "ground": WASH},
    "Callout Note": {"before": 0, "after": 0, "rule": "0B5563", "ground": "F0F5F6"},
    "Callout Tip": {"before": 0, "after": 0, "rule": "3F6632", "ground": "F3F6F2"},
    "Callout Important": {"before": 0, "after": 0, "rule": "6D3A63", "ground": "F6F3F6"},
    "Callout Warning": {"before": 0, "after": 0, "rule": "8F5300", "ground": "F9F5EF"},
    "Callout Caution": {"before": 0, "after": 0, "rule": "97301F", "ground": "F9F2F1"},
}  # fmt: skip


def set_docx(page: Page, text: str, workdir: Path) -> bytes:
    """Return the page as a Word document."""
    arguments = ["--syntax-highlighting", "monochrome", *_contents(page)]
    if page.settings.get("number-sections") is True:
        arguments.append("--number-sections")
    template = page.settings.get("reference-doc")
    if template:
        arguments += ["--reference-doc", str(template)]
    with tempfile.TemporaryDirectory(prefix="piloteval-") as scratch:
        content = _pandoc(page, _bitmaps(text, workdir), "docx", workdir, Path(scratch), arguments)
    return finish_docx(content, page, styled=not template)


def _bitmaps(text: str, workdir: Path) -> str:
    """Return the Markdown with every SVG picture drawn as a PNG beside it: Word shows no SVG that pandoc can write alone."""

    def drawn(match: re.Match) -> str:
        source = workdir / match["path"]
        if not source.is_file():
            return match[0]
        target = source.with_name(f"_{source.stem}.png")
        target.write_bytes(_svg_to_png(match["path"], workdir))
        return f"]({target.relative_to(workdir).as_posix()})"

    return re.sub(r"\]\((?P<path>[^()\s]+\.svg)\)", drawn, text)


def _svg_to_png(path: str, workdir: Path) -> bytes:
    import typst

    page = f'#set page(width: auto, height: auto, margin: 0pt)\n#image("/{path}")'.encode()
    return typst.compile(page, root=str(workdir), format="png", ppi=192.0, ignore_system_fonts=True)


def finish_docx(content: bytes, page: Page, styled: bool = True) -> bytes:
    """Give pandoc's Word file its look, and take out what differs from run to run.

    Parameters
    ----------
    content : bytes
        The file as pandoc wrote it.
    page : Page
        The page it was made from.
    styled : bool
        Set the house's styles and page; false when the page brings a reference document of its own.

    Returns
    -------
    bytes
        The finished file: tables ruled like in print, page numbers, no date, host or user in its properties.
    """
    import docx

    document = docx.Document(io.BytesIO(content))
    if styled:
        _set_word_styles(document)
        _set_word_page(document, str(page.settings.get("title", "")))
    for table in document.tables:
        _rule_word_table(table._tbl)
    saved = io.BytesIO()
    document.save(saved)
    return _same_bytes(saved)


def _set_word_styles(document) -> None:
    from docx.enum.style import WD_STYLE_TYPE
    from docx.shared import Pt, RGBColor

    document.styles.add_style("Table Text", WD_STYLE_TYPE.PARAGRAPH).base_style = document.styles["Normal"]
    for fonts in document.styles.element.iter(f"{WORD}rFonts"):
        if fonts.get(f"{WORD}ascii") != "Consolas":
            fonts.attrib.clear()
            for script in ("ascii", "hAnsi", "cs"):
                fonts.set(f"{WORD}{script}", WORD_FONT)
    for style in document.styles:
        look = WORD_STYLES.get(style.name)
        if not look:
            continue
        font = style.font
        if "size" in look:
            font.size = Pt(look["size"])
        if "color" in look:
            font.color.rgb = RGBColor.from_string(look["color"])
        for name in ("bold", "italic"):
            if name in look:
                setattr(font, name, look[name])
        if style.type == WD_STYLE_TYPE.PARAGRAPH:
            _set_word_paragraph(style, look)


def _set_word_paragraph(style, look: dict) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    layout = style.paragraph_format
    if "before" in look:
        layout.space_before, layout.space_after = Pt(look["before"]), Pt(look["after"])
    if "line" in look:
        layout.line_spacing = look["line"]
    if "align" in look:
        layout.alignment = WD_ALIGN_PARAGRAPH.LEFT
    if look.get("keep"):
        layout.keep_with_next = True
    properties = style.element.get_or_add_pPr()
    if "rule" in look:
        # room between the rule and the words; the ground reaches as far as the rule
        layout.left_indent, layout.right_indent = Pt(12), Pt(6)
        edge = _word_element("left", val="single", sz="18", space="8", color=look["rule"])
        properties.insert_element_before(_word_element("pBdr", edge), "w:shd", *AFTER_BORDER)
    if "ground" in look:
        properties.insert_element_before(_word_element("shd", val="clear", color="auto", fill=look["ground"]), *AFTER_BORDER)


#: What follows borders and ground in the order Word wants a paragraph's properties in.
AFTER_BORDER = ("w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:contextualSpacing", "w:jc", "w:outlineLvl", "w:rPr")


def _word_element(tag: str, *children, **attributes: str):
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    element = OxmlElement(f"w:{tag}")
    for name, value in attributes.items():
        element.set(qn(f"w:{name}"), value)
    element.extend(children)
    return element


def _set_word_page(document, title: str) -> None:
    from docx.shared import Cm, Pt, RGBColor

    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.2)
    section.top_margin, section.bottom_margin = Cm(2.5), Cm(2.3)
    banner = next((paragraph.text for paragraph in document.paragraphs if paragraph.style.name == "Tier Banner"), "")
    for part, words in ((section.header, banner), (section.footer, title)):
        line = part.paragraphs[0]
        run = line.add_run(words)
        run.font.size, run.font.color.rgb = Pt(8.5), RGBColor.from_string(MUTED)
        line.paragraph_format.tab_stops.add_tab_stop(Cm(16.6), 2)  # 2: right
    run = section.footer.paragraphs[0].add_run("\t")
    run.font.size, run.font.color.rgb = Pt(8.5), RGBColor.from_string(MUTED)
    run._r.append(_word_element("fldChar", fldCharType="begin"))
    instruction = _word_element("instrText")
    instruction.text = "PAGE"
    run._r.append(instruction)
    run._r.append(_word_element("fldChar", fldCharType="end"))


def _rule_word_table(table) -> None:
    """Rule a table as in print: above, below, under its head, hair lines between the rows, and under a spanner its columns."""
    rows = table.findall(f"{WORD}tr")
    heads = [row.find(f"{WORD}trPr/{WORD}tblHeader") is not None for row in rows]
    last_head = max((i for i, head in enumerate(heads) if head), default=-1)
    for number, row in enumerate(rows):
        row.get_or_add_trPr().append(_word_element("cantSplit"))
        for cell in row.findall(f"{WORD}tc"):
            properties = cell.get_or_add_tcPr()
            spanner = number < last_head and properties.find(f"{WORD}gridSpan") is not None
            below = ("single", "8", INK) if number == len(rows) - 1 else ("single", "2", HAIR)
            if number <= last_head:
                below = ("single", "6", INK) if number == last_head else ("single", "4", INK) if spanner else ("nil", "0", "auto")
            edges = [("bottom", *below)]
            if number == 0:
                edges.insert(0, ("top", "single", "8", INK))
            borders = [_word_element(side, val=kind, sz=size, space="0", color=color) for side, kind, size, color in edges]
            properties.insert_element_before(_word_element("tcBorders", *borders), *AFTER_CELL_BORDERS)
            for style in cell.iter(f"{WORD}pStyle"):
                if style.get(f"{WORD}val") == "Compact":
                    style.set(f"{WORD}val", "TableText")


#: What follows the borders in the order Word wants a cell's properties in.
AFTER_CELL_BORDERS = ("w:shd", "w:noWrap", "w:tcMar", "w:textDirection", "w:tcFitText", "w:vAlign", "w:hideMark")

#: A property list with nothing in it: pandoc writes every setting of the page into the file otherwise.
NO_PROPERTIES = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"/>'
)
DATED = re.compile(rb"<(dcterms:created|dcterms:modified|cp:lastModifiedBy|cp:revision)\b[^>]*?(/>|>.*?</\1>)", re.DOTALL)


def _same_bytes(archive: io.BytesIO) -> bytes:
    """Return a Word file with a fixed date on every part and none in its properties."""
    result = io.BytesIO()
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = DATED.sub(b"", content)
            if name == "docProps/custom.xml":
                content = NO_PROPERTIES.encode()
            part = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            part.compress_type = zipfile.ZIP_DEFLATED
            part.create_system = 0
            new.writestr(part, content)
    return result.getvalue()
