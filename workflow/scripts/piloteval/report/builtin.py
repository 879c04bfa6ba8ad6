"""The built-in report engine: a .qmd page to HTML, DOCX or PDF with Python wheels alone.

The way of a page::

    .qmd -> read_page -> run_cells (nbclient) -> assemble -> pandoc and filters/qmd.lua -> HTML, DOCX, or Typst -> PDF

It renders what Quarto renders from the same file: cell options, inline expressions, included pages, numbered figures,
tables, equations and sections with cross references, callouts, conditional content, citations, footnotes. Where it is
stricter it is on purpose: a reference to nothing, a missing picture, an address on the network are errors here.

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
from dataclasses import dataclass
from pathlib import Path

from piloteval.config import yaml_loader
from piloteval.errors import ConfigError, PilotError
from piloteval.report.engines import DEFAULT_EPOCH, cell_environment, failed_cell

FILTER = Path(__file__).parent / "filters" / "qmd.lua"
TYPST_TEMPLATE = Path(__file__).parent / "typst_template.typ"

#: The key below ``format:`` that speaks of each of our formats; Quarto calls the PDF that Typst makes "typst".
FORMAT_KEYS = {"html": "html", "docx": "docx", "pdf": "typst"}

#: Front matter that steers Quarto or this engine and is no part of the document.
NOT_METADATA = frozenset(
    (
        *(
            "format",
            "execute",
            "project",
            "params",
            "jupyter",
            "engine",
            "editor",
            "output-file",
            "template",
            "filters",
        ),
        *("theme", "css", "toc", "toc-depth", "reference-doc", "html-math-method", "embed-resources", "code-fold"),
        *("fig-width", "fig-height", "fig-dpi", "fig-format"),
    )
)


# Reading --------------------------------------------------------------------------------------------------------------


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
    """A Python cell.

    Attributes
    ----------
    code : str
        The source without the option lines.
    options : dict
        What the ``#|`` lines say.
    place : str
        Line and file, for messages.
    indent : str
        White space before the fence: the cell stands in a list item.
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
        return f"cell {self.label!r}" if self.label else f"the cell in {self.place}"


@dataclass(frozen=True)
class Page:
    """A .qmd taken apart: its settings for one format, and its pieces in order."""

    name: str
    settings: dict
    pieces: tuple[Prose | Verbatim | Cell, ...] = ()


FENCE = re.compile(r"^(?P<indent>[ \t]*)(?P<ticks>`{3,}|~{3,})[ \t]*(?P<info>[^`]*)$")
CELL_INFO = re.compile(r"^\{\s*python\b[^}]*\}\s*$")
OPTION_LINE = re.compile(r"^#\s*\| ?")
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
    settings: dict = {}
    for name in ("_quarto.yml", "_metadata.yml"):
        if (workdir / name).is_file():
            settings = merged(settings, _with_formats(_yaml((workdir / name).read_text("utf-8"), name, 0)))
    settings = merged(settings, _with_formats(_front_matter(source)[0]))
    settings = merged(settings, settings.get("format", {}).get(FORMAT_KEYS[to]) or {})
    return Page(source.name, settings, tuple(_pieces(source, workdir, ())))


def merged(base: dict, over: dict) -> dict:
    """Return settings with others laid over them, as Quarto lays a page's front matter over the project's.

    Parameters
    ----------
    base, over : dict
        Settings, and those that win.

    Returns
    -------
    dict
        Mappings are merged, lists joined, everything else is replaced.
    """
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


def _with_formats(settings: dict) -> dict:
    """Return the settings with ``format`` a mapping of mappings: ``format: html`` and ``html: default`` say nothing."""
    formats = settings.get("format", {})
    formats = formats if isinstance(formats, dict) else {}
    return {**settings, "format": {name: value for name, value in formats.items() if isinstance(value, dict)}}


def _yaml(text: str, name: str, first_line: int) -> dict:
    # YAML 1.2, as Quarto reads it: "no" is a word (and a country), not a false
    import yaml

    try:
        value = yaml.load(text, yaml_loader())
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{name}, line {first_line + mark.line + 1}," if mark else name
        raise ConfigError(f"{place} is not valid YAML; correct it there (often it is an unquoted colon).") from None
    if value is not None and not isinstance(value, dict):
        raise ConfigError(f"{name}, line {first_line + 1}, must begin a list of keys and values; correct it there.")
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
    number = start = _front_matter(path)[1]
    while number < len(lines):
        fence, include = FENCE.match(lines[number]), INCLUDE.match(lines[number])
        if not fence and not include:
            number += 1
            continue
        if start < number:
            yield Prose("\n".join(lines[start:number]), f"line {start + 1} of {path.name}")
        if include:
            yield from _pieces(_included(include["path"], path, workdir), workdir, (*chain, path))
        else:
            end = _fence_end(lines, number, fence["ticks"], path.name)
            yield _fenced(lines, number, end, fence, path.name)
            number = end
        number += 1
        start = number
    if start < len(lines):
        yield Prose("\n".join(lines[start:]), f"line {start + 1} of {path.name}")


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
    count = next((i for i, line in enumerate(body) if not OPTION_LINE.match(line)), len(body))
    options = _yaml("\n".join(OPTION_LINE.sub("", line) for line in body[:count]), name, start + 1)
    return Cell("\n".join(body[count:]), options, f"line {start + 1} of {name}", fence["indent"])


# Running --------------------------------------------------------------------------------------------------------------

#: IPython's settings for the cells; nbclient itself keeps their history in memory.
KERNEL_CONFIG = "c.InlineBackend.figure_formats = {formats!r}\n"

#: matplotlib's settings for the cells; a fixed salt gives the parts of an SVG file the same names in every run.
MATPLOTLIB_CONFIG = "svg.hashsalt: piloteval\nfigure.figsize: {width}, {height}\nfigure.dpi: {dpi}\n"

#: Size of a figure in inches and its resolution, where neither the page nor the cell says otherwise.
FIGURE = {"fig-width": 6.5, "fig-height": 4.0, "fig-dpi": 192}

#: Longest path a socket may have on every system.
SOCKET_PATH = 90

ESCAPE_CODES = re.compile(r"\x1b\[[0-9;]*m")


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
    defaults = page.settings.get("execute") or {}
    tasks = []
    for position, piece in enumerate(page.pieces):
        if isinstance(piece, Cell) and {**defaults, **piece.options}.get("eval", True) is not False:
            tasks.append((position, piece))
        if isinstance(piece, Prose) and INLINE.search(piece.text):
            tasks.append((position, piece))
    if not tasks:
        return {}
    # a folder of its own holds all that Jupyter and IPython want to write: the home folder may be read-only
    with tempfile.TemporaryDirectory(prefix="piloteval-") as scratch:
        environment = _kernel_environment(page, Path(scratch), to, python_path)
        return _run_tasks(page, tasks, _new_client(Path(scratch), workdir), environment)


def _new_client(scratch: Path, workdir: Path):
    """Return a client for a kernel that is always this interpreter, whatever kernels the machine knows."""
    import nbformat
    from jupyter_client.kernelspec import KernelSpecManager
    from nbclient import NotebookClient
    from traitlets.config import Config

    folder = scratch / "kernels" / "python3"
    folder.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Python 3", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec), "utf-8")
    connection = scratch / "kernel.json"
    # sockets in a private folder keep other users of a shared machine out; loopback ports where the path is too long
    ipc = os.name == "posix" and len(str(connection)) < SOCKET_PATH
    manager = {"connection_file": str(connection), "transport": "ipc" if ipc else "tcp"}
    client = NotebookClient(
        nbformat.v4.new_notebook(),
        timeout=None,
        startup_timeout=180,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(workdir)}},
        config=Config({"AsyncKernelManager": manager}),
    )
    client.create_kernel_manager()
    client.km.kernel_spec_manager = KernelSpecManager(kernel_dirs=[str(folder.parent)], ensure_native_kernel=False)
    return client


def _kernel_environment(page: Page, scratch: Path, to: str, python_path: list[Path]) -> dict[str, str]:
    profile = scratch / "ipython" / "profile_default"
    profile.mkdir(parents=True)
    figure = {**FIGURE, **page.settings}
    # Word shows bitmaps only; a screen and a PDF show lines as lines
    formats = ["png"] if to == "docx" or figure.get("fig-format") in ("png", "retina") else ["svg"]
    (profile / "ipython_kernel_config.py").write_text(KERNEL_CONFIG.format(formats=formats), "utf-8")
    (scratch / "matplotlibrc").write_text(
        MATPLOTLIB_CONFIG.format(width=figure["fig-width"], height=figure["fig-height"], dpi=figure["fig-dpi"]), "utf-8"
    )
    return {
        **cell_environment(python_path, epoch_of(page.settings)),
        "IPYTHONDIR": str(scratch / "ipython"),
        "JUPYTER_CONFIG_DIR": str(scratch / "jupyter"),
        "JUPYTER_DATA_DIR": str(scratch / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(scratch / "jupyter"),
        "MATPLOTLIBRC": str(scratch / "matplotlibrc"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def _run_tasks(page: Page, tasks: list, client, environment: dict[str, str]) -> dict[int, list]:
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    results: dict[int, list] = {}
    task = "its first cell"
    try:
        with client.setup_kernel(env=environment):
            for position, piece in tasks:
                task = piece.name if isinstance(piece, Cell) else f"an inline expression after {piece.place}"
                run = _run_cell if isinstance(piece, Cell) else _run_expressions
                results[position] = run(client, piece, page)
    except CellExecutionError as error:
        print(ESCAPE_CODES.sub("", error.traceback))
        raise PilotError(failed_cell(page.name, task, error.ename)) from None
    except DeadKernelError as error:
        print(error)
        raise PilotError(
            f"{page.name} could not be rendered: Python ended in {task}, often for want of memory; give it more."
        ) from None
    except RuntimeError as error:
        print(error)
        raise PilotError(f"{page.name} could not be rendered: Python did not start; see the log of this job.") from None
    return results


def _run_cell(client, cell: Cell, page: Page) -> list:
    import nbformat

    options = {**(page.settings.get("execute") or {}), **cell.options}
    node = nbformat.v4.new_code_cell(cell.code)
    if options.get("error") is True:
        node.metadata["tags"] = ["raises-exception"]
    if not {"fig-width", "fig-height"} & set(cell.options):
        return _execute(client, node)
    # the only time the engine itself touches matplotlib: a cell asks for a size of its own
    _execute(client, nbformat.v4.new_code_cell(_figure_size({**FIGURE, **page.settings, **cell.options})))
    outputs = _execute(client, node)
    _execute(client, nbformat.v4.new_code_cell(_figure_size({**FIGURE, **page.settings})))
    return outputs


def _execute(client, node) -> list:
    client.nb.cells.append(node)
    return client.execute_cell(node, len(client.nb.cells) - 1, store_history=False).outputs


def _figure_size(options: dict) -> str:
    size = float(options["fig-width"]), float(options["fig-height"])
    return f"__import__('matplotlib').rcParams['figure.figsize'] = {size}"


def _run_expressions(client, prose: Prose, page: Page) -> list[dict]:
    expressions = [text.strip() for text in INLINE.findall(prose.text)]
    # the protocol's own way to evaluate an expression, and Quarto's: it shows in no output and no history
    request = client.kc.execute("", user_expressions={str(i): text for i, text in enumerate(expressions)})
    answers = client.wait_for_reply(request)["content"]["user_expressions"]
    results = []
    for i, text in enumerate(expressions):
        answer = answers[str(i)]
        if answer["status"] != "ok":
            print(ESCAPE_CODES.sub("", "\n".join(answer.get("traceback", []))))
            where = f"the inline expression {text} after {prose.place}"
            raise PilotError(failed_cell(page.name, where, answer.get("ename", "")))
        results.append(answer["data"])
    return results


def epoch_of(settings: dict) -> int:
    """Return the moment a page's files are dated with, in seconds since 1970.

    Parameters
    ----------
    settings : dict
        The page's settings.

    Returns
    -------
    int
        ``SOURCE_DATE_EPOCH`` of the environment if it is set, else an ISO ``date`` of the page, else a fixed day.
    """
    if os.environ.get("SOURCE_DATE_EPOCH", "").isdigit():
        return int(os.environ["SOURCE_DATE_EPOCH"])
    try:
        day = datetime.date.fromisoformat(str(settings.get("date", ""))[:10])
    except ValueError:
        return DEFAULT_EPOCH
    return max(DEFAULT_EPOCH, int(datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.UTC).timestamp()))


# Assembling -----------------------------------------------------------------------------------------------------------

MARKDOWN_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~^$@])")
OBJECT_REPR = re.compile(r"^[\[({]*<[\w.]+")


def assemble(page: Page, results: dict[int, list], figures: Path) -> str:
    """Return the page as Markdown, every cell replaced by what it shows.

    Parameters
    ----------
    page : Page
        The page.
    results : dict of int to list
        As returned by `run_cells`.
    figures : Path
        Folder beside the page that the drawn figures are written to.

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
            parts.append(_filled(piece, results.get(position, []), page))
        else:
            shown = show_cell(piece, results.get(position, []), page, figures, position)
            parts.append("\n" + textwrap.indent(shown, piece.indent) + "\n")
    return "\n".join(parts)


def _filled(prose: Prose, results: list[dict], page: Page) -> str:
    values = iter([inline_text(data) for data in results])
    text = INLINE.sub(lambda _: next(values), prose.text)
    return SHORTCODE.sub(lambda match: _shortcode(match, prose, page), text)


def _shortcode(match: re.Match, prose: Prose, page: Page) -> str:
    if match["name"] == "pagebreak":
        return "\n\n::: {.page-break}\n:::\n\n"
    if match["name"] == "meta":
        value: object = page.settings
        for key in match["argument"].strip("\"'").split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if value is not None:
            return str(value)
    code = f"{match['name']} {match['argument']}".rstrip()
    raise PilotError(
        f"{page.name} uses the shortcode {code!r} after {prose.place}, which the built-in engine cannot carry out; "
        "write it out, or render with Quarto."
    )


def inline_text(data: dict[str, str]) -> str:
    """Return the Markdown for the result of an inline expression, by Quarto's rules.

    Parameters
    ----------
    data : dict of str to str
        The result in several MIME types.

    Returns
    -------
    str
        A ``Markdown`` object is Markdown, an object with HTML is HTML, and everything else is plain text: strings lose
        their quotes, and characters that mean something in Markdown are escaped.
    """
    if "text/markdown" in data:
        return data["text/markdown"]
    if "text/html" in data:
        return f"`{data['text/html']}`{{=html}}"
    text = data.get("text/plain", "")
    if text.startswith(("'", '"')):
        text = str(ast.literal_eval(text))
    return MARKDOWN_SPECIAL.sub(r"\\\1", text)


def show_cell(cell: Cell, outputs: list, page: Page, figures: Path, position: int) -> str:
    """Return the Markdown a cell leaves in the page: its code if it is to be shown, and its outputs.

    Parameters
    ----------
    cell : Cell
        The cell.
    outputs : list
        Its outputs, nbformat nodes.
    page : Page
        The page it stands on, for the defaults of its options.
    figures : Path
        Folder for the figures it drew.
    position : int
        Its place among the pieces, a name for the figures of a cell without a label.

    Returns
    -------
    str
        Markdown, empty if nothing is to be seen.
    """
    options = {**(page.settings.get("execute") or {}), **cell.options}
    if options.get("include", True) is False:
        return ""
    parts = []
    if options.get("echo", True) is not False and cell.code.strip():
        code = _block("python", cell.code.strip("\n"))
        fold = {**page.settings, **options}.get("code-fold", False) is not False
        parts.append(f"::: {{.code-fold}}\n{code}\n:::" if fold else code)
    if options.get("output", True) is not False:
        stem = re.sub(r"[^\w-]", "-", cell.label) or f"cell-{position}"
        shown = "\n\n".join(text for text in _shown(outputs, options, figures, stem) if text)
        parts.append(_float(shown, options, cell.label) if shown else "")
    return "\n\n".join(filter(None, parts))


def _block(attributes: str, text: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{attributes}\n{text}\n{fence}"


def _float(body: str, options: dict, label: str) -> str:
    """Put what a figure or table cell shows in a Div that the filter numbers and captions."""
    kind = next((kind for kind in ("fig", "tbl") if label.startswith(f"{kind}-") or f"{kind}-cap" in options), None)
    if kind is None:
        return body
    attributes = [f"#{label}"] if label.startswith(f"{kind}-") else []
    attributes.append(f".{kind}-float")
    if "tbl-colwidths" in options:
        attributes.append(f'tbl-colwidths="{options["tbl-colwidths"]}"')
    caption = " ".join(str(text).strip() for text in _listed(options.get(f"{kind}-cap") or ""))
    return f"::: {{{' '.join(attributes)}}}\n{body}\n\n::: {{.float-caption}}\n{caption}\n:::\n:::"


def _shown(outputs: list, options: dict, figures: Path, stem: str) -> Iterator[str]:
    drawn = any({"image/svg+xml", "image/png"} & set(output.get("data", {})) for output in outputs)
    for number, output in enumerate(outputs, start=1):
        if output.output_type == "stream":
            if output.name == "stdout" or options.get("warning", True) is not False:
                yield output.text if options.get("output") == "asis" else _block("{.output}", output.text.rstrip("\n"))
        elif output.output_type == "error":
            yield _block("{.output .error}", f"{output.ename}: {output.evalue}")
        elif "image/svg+xml" in output.data or "image/png" in output.data:
            yield _picture(output.data, options, figures, f"{stem}-{number}")
        elif "text/markdown" in output.data:
            yield output.data["text/markdown"]
        elif "text/html" in output.data:
            yield _block("{=html}", output.data["text/html"])
        elif "text/plain" in output.data and not (drawn and OBJECT_REPR.match(output.data["text/plain"])):
            # beside a plot, the value that the plotting call returned is noise
            yield _block("{.output}", output.data["text/plain"])


def _picture(data: dict, options: dict, figures: Path, stem: str) -> str:
    figures.mkdir(parents=True, exist_ok=True)
    if "image/svg+xml" in data:
        path, content = figures / f"{stem}.svg", data["image/svg+xml"].encode("utf-8")
    else:
        path, content = figures / f"{stem}.png", base64.b64decode(data["image/png"])
    path.write_bytes(content)
    alt = " ".join(str(options.get("fig-alt") or "").split()).replace("\\", "\\\\").replace('"', '\\"')
    attributes = [f'fig-alt="{alt}"'] if alt else []
    if "out-width" in options:
        attributes.append(f'width="{options["out-width"]}"')
    return f"![]({figures.name}/{path.name}){{{' '.join(attributes)}}}".removesuffix("{}")


# Setting --------------------------------------------------------------------------------------------------------------

#: Nothing is let in but embedded pictures and fonts and the page's own style sheet, and no script at all.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:"

#: The page around the text, a pandoc template.
HTML_TEMPLATE = """\
<!DOCTYPE html>
<html lang="$lang$">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="$policy$">
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
<p class="date">$date$</p>
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

#: Sentences for what qmd.lua finds wrong, by its name for the fault; {what} is a label, an address or a path.
PROBLEMS = {
    "unresolved": "refers to {what}, which names no figure, table, equation, section or reference; correct the name.",
    "duplicate": "gives the label {what} twice; rename one of the two.",
    "mixed": "mixes a cross reference and a citation in the bracket with {what}; write two brackets.",
    "picture": "shows the picture {what}, which is not there; correct the path or make the picture first.",
    "remote": "would load {what} from the network; save a copy beside the page and show that.",
    "script": "holds a script in raw HTML, which a report may not; remove it.",
}
REFERENCE_PROBLEMS = frozenset({"unresolved", "duplicate", "mixed"})

#: What makes a browser ask for something: a tag that loads, a source that is not embedded, a style that imports.
LOADING_TAG = re.compile(
    r"<(?:script|iframe|object|embed|link)\b|<[^<>]*\ssrc(?:set)?\s*=\s*[\"']?(?!data:|[\"'#])", re.I
)
STYLE = re.compile(r"<style\b.*?</style>|\sstyle\s*=\s*\"[^\"]*\"", re.I | re.S)
LOADING_STYLE = re.compile(r"@import\b|url\(\s*[\"']?(?!data:|#)", re.I)


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
        Folder with everything the page reads. By-products stay there: ``_figures_<format>``, and the Typst source.
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
    with tempfile.TemporaryDirectory(prefix="piloteval-") as scratch:
        content = {"html": _set_html, "docx": _set_docx, "pdf": _set_pdf}[to](page, text, workdir, Path(scratch))
    output.write_bytes(content)


def _set_html(page: Page, text: str, workdir: Path, scratch: Path) -> bytes:
    """Return the page as one HTML file that loads nothing."""
    # a dollar sign in the style sheet is none of the template's
    style = _style_sheets(page, workdir).replace("$", "$$")
    template = scratch / "page.html"
    template.write_text(HTML_TEMPLATE.replace("$style$", style).replace("$policy$", POLICY), "utf-8")
    arguments = ["--embed-resources", "--mathml", "--section-divs", "--template", str(template), *_contents(page, 1)]
    html = _pandoc(page, text, "html5", workdir, scratch, arguments)
    what = loads(html.decode("utf-8"))
    if what:
        raise PilotError(f"{page.name} would have a browser load something ({what}); embed it or take it out.")
    return html


def _style_sheets(page: Page, workdir: Path) -> str:
    """Return the text of the style sheets that the front matter names under ``css``."""
    return "\n".join(path.read_text("utf-8") for path in _named_files(page, "css", workdir))


def _named_files(page: Page, key: str, workdir: Path) -> list[Path]:
    paths = [workdir / str(name) for name in _listed(page.settings.get(key) or [])]
    for path in paths:
        if not path.is_file():
            raise ConfigError(
                f"{page.name} names {path.relative_to(workdir)} under {key}, which is not there; correct it or add it."
            )
    return paths


def loads(html: str) -> str | None:
    """Look for what would make a browser load or run something.

    Parameters
    ----------
    html : str
        A whole page.

    Returns
    -------
    str or None
        The beginning of the first such tag or style; ``None`` if the page is self-contained.
    """
    tag = LOADING_TAG.search(html)
    if tag:
        return tag[0][:40].strip()
    style = next(filter(None, (LOADING_STYLE.search(style) for style in STYLE.findall(html))), None)
    return style[0] if style else None


def _set_pdf(page: Page, text: str, workdir: Path, scratch: Path) -> bytes:
    """Return the page as a tagged PDF, by PDF/UA-1 if the text allows."""
    import typst

    arguments = ["--template", str(TYPST_TEMPLATE), "--syntax-highlighting", "idiomatic", *_contents(page)]
    if page.settings.get("number-sections") is True:
        arguments += ["--variable", "section-numbering"]
    source = workdir / f"_{Path(page.name).stem}.typ"
    source.write_bytes(_pandoc(page, text, "typst", workdir, scratch, arguments))
    # without the machine's own fonts the pages break alike everywhere
    options = {"root": str(workdir), "ignore_system_fonts": True, "timestamp": epoch_of(page.settings)}
    try:
        return typst.compile(str(source), **options, pdf_standards=["ua-1"])
    except typst.TypstError as error:
        # a skipped level of headings, say: still a tagged PDF, only not one that may call itself accessible
        print(f"{page.name} does not meet PDF/UA-1: {error}")
    try:
        return typst.compile(str(source), **options)
    except typst.TypstError as error:
        print(error)
    raise PilotError(f"{page.name} could not be set as a PDF; Typst's own message is in the log of this job.")


def _contents(page: Page, levels_above: int = 0) -> list[str]:
    if page.settings.get("toc") is not True:
        return []
    return ["--toc", "--toc-depth", str(_contents_depth(page) + levels_above)]


def _contents_depth(page: Page) -> int:
    return int(page.settings.get("toc-depth", 3))


def _metadata(page: Page) -> dict:
    """Return what is metadata of the document itself: no settings of an engine, authors as plain lines."""
    meta = {key: value for key, value in page.settings.items() if key not in NOT_METADATA}
    lang = str(meta.get("lang", "en"))
    language, _, region = lang.partition("-")
    meta |= {"lang": lang, "typst-lang": language.lower(), "link-citations": meta.get("link-citations", True)}
    if len(region) == 2:
        meta["typst-region"] = region.upper()
    authors = _authors(meta.pop("authors", None) or meta.pop("author", None) or [])
    if authors:
        names = [name for name, _ in authors]
        lines = [", ".join([name, *places]) for name, places in authors]
        meta |= {"author": lines, "author-meta": names, "author-names": names}
    if str(meta.get("date")) in ("today", "now", "last-modified"):
        meta["date"] = datetime.datetime.fromtimestamp(epoch_of(page.settings), datetime.UTC).date().isoformat()
    return meta


def _authors(given: object) -> list[tuple[str, list[str]]]:
    """Return names and affiliations; Quarto takes words, lists of words, and mappings."""
    authors = []
    for author in _listed(given):
        author = author if isinstance(author, dict) else {"name": author}
        name = author.get("name", "")
        if isinstance(name, dict):
            name = name.get("literal") or f"{name.get('given', '')} {name.get('family', '')}"
        places = _listed(author.get("affiliation") or author.get("affiliations") or [])
        places = [str(place.get("name", "") if isinstance(place, dict) else place) for place in places]
        authors.append((str(name).strip(), [place for place in places if place]))
    return authors


def _listed(value: object) -> list:
    return value if isinstance(value, list) else [value]


def _pandoc(page: Page, text: str, writer: str, workdir: Path, scratch: Path, arguments: list[str]) -> bytes:
    """Run pandoc with the filter and return what it writes; of what the filter finds wrong, make one sentence."""
    import pypandoc

    settings, output = scratch / "metadata.json", scratch / f"output.{writer}"
    settings.write_text(json.dumps(_metadata(page), default=str, sort_keys=True), "utf-8")
    files = ["--data-dir", scratch, "--metadata-file", settings, "--lua-filter", FILTER, "--output", output]
    command = [pypandoc.get_pandoc_path(), "--from", "markdown", "--to", writer, "--standalone", "--wrap", "none"]
    command += [*map(str, files), *arguments]
    if _named_files(page, "bibliography", workdir) or page.settings.get("references"):
        command.append("--citeproc")
    # nothing listens on port 9: should an address slip through the filter, pandoc cannot fetch it
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    environment = {**os.environ, **nowhere, "SOURCE_DATE_EPOCH": str(epoch_of(page.settings))}
    done = subprocess.run(command, input=text.encode("utf-8"), cwd=workdir, env=environment, capture_output=True)
    problems = []
    for line in done.stderr.decode("utf-8", "replace").splitlines():
        if line.startswith("qmd-problem\t"):
            problems.append(line.split("\t")[1:])
        else:
            print(line)
    if problems:
        raise PilotError(problem_sentence(page.name, problems))
    if done.returncode != 0:
        raise PilotError(f"{page.name} could not be set as {writer}; pandoc's own message is in the log of this job.")
    return output.read_bytes()


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


# Word -----------------------------------------------------------------------------------------------------------------

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
WORD_FONT = "Calibri"
INK, MUTED, HAIR, WASH, ACCENT = "22201D", "615B53", "D9D4CC", "F7F5F2", "0B5563"

#: The look of Word's styles: size in points, colour, weight, line spacing, space before and after in points, and for
#: boxes the colour of the rule at the left and of the ground.
WORD_STYLES = {
    "Normal": {"size": 10.5, "color": INK, "line": 1.2},
    "Body Text": {"before": 0, "after": 8},
    "First Paragraph": {"before": 0, "after": 8},
    "Compact": {"before": 2, "after": 2, "line": 1.05},
    "Title": {"size": 24, "color": ACCENT, "bold": True, "before": 0, "after": 4, "left": True},
    "Subtitle": {"size": 13, "color": MUTED, "before": 0, "after": 10, "left": True},
    "Author": {"size": 10.5, "before": 0, "after": 2, "left": True},
    "Date": {"size": 10, "color": MUTED, "before": 0, "after": 12, "left": True},
    "Abstract Title": {"size": 10.5, "color": ACCENT, "bold": True, "before": 6, "after": 2, "left": True},
    "Abstract": {"size": 10, "before": 0, "after": 6, "rule": ACCENT, "ground": WASH},
    "Heading 1": {"size": 16, "color": ACCENT, "bold": True, "before": 22, "after": 6},
    "Heading 2": {"size": 13, "color": ACCENT, "bold": True, "before": 16, "after": 4},
    "Heading 3": {"size": 11, "color": INK, "bold": True, "before": 12, "after": 3},
    "Tab Title": {"size": 10.5, "color": INK, "bold": True, "before": 8, "after": 3, "keep": True},
    "TOC Heading": {"size": 13, "color": ACCENT, "bold": True, "before": 12, "after": 4},
    "Table Text": {"size": 9.5, "before": 2, "after": 2, "line": 1.0},
    "Table Caption": {"size": 9.5, "color": INK, "italic": False, "before": 12, "after": 4, "keep": True},
    "Table Notes": {"size": 9, "color": MUTED, "before": 3, "after": 12},
    "Image Caption": {"size": 9.5, "color": INK, "italic": False, "before": 2, "after": 14},
    "Captioned Figure": {"before": 12, "after": 2, "keep": True},
    "Block Text": {"color": MUTED, "italic": True, "before": 4, "after": 8, "rule": HAIR},
    "Footnote Text": {"size": 9},
    "Bibliography": {"before": 0, "after": 6},
    "Hyperlink": {"color": ACCENT},
    "Verbatim Char": {"size": 9},
    "Margin Note": {"size": 9.5, "color": MUTED, "before": 4, "after": 8, "rule": HAIR},
    "Colophon": {"size": 9, "color": MUTED, "before": 12, "after": 4},
    "Tier Banner": {"size": 9, "color": ACCENT, "bold": True, "before": 4, "after": 10, "rule": ACCENT, "ground": WASH},
    "Callout Note": {"before": 3, "after": 3, "rule": "0B5563", "ground": "F0F5F6"},
    "Callout Tip": {"before": 3, "after": 3, "rule": "3F6632", "ground": "F3F6F2"},
    "Callout Important": {"before": 3, "after": 3, "rule": "6D3A63", "ground": "F6F3F6"},
    "Callout Warning": {"before": 3, "after": 3, "rule": "8F5300", "ground": "F9F5EF"},
    "Callout Caution": {"before": 3, "after": 3, "rule": "97301F", "ground": "F9F2F1"},
}

#: Width of the text on an A4 page with margins of 2.2 cm, in twentieths of a point, the unit of Word's tables.
WORD_TEXT_WIDTH = 9410

#: What follows borders and ground in the order Word wants a paragraph's and a cell's properties in.
AFTER_BORDERS = ("w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:contextualSpacing", "w:jc", "w:outlineLvl")
AFTER_CELL_BORDERS = ("w:shd", "w:noWrap", "w:tcMar", "w:textDirection", "w:tcFitText", "w:vAlign", "w:hideMark")

#: A property list with nothing in it: pandoc writes every setting of the page into the file otherwise.
NO_PROPERTIES = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    b'<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"/>'
)
DATED = re.compile(rb"<(dcterms:created|dcterms:modified|cp:lastModifiedBy)\b[^>]*?(/>|>.*?</\1>)", re.S)

SVG_PICTURE = re.compile(r"\]\((?P<path>[^()\s]+\.svg)\)")


def _set_docx(page: Page, text: str, workdir: Path, scratch: Path) -> bytes:
    """Return the page as a Word document."""
    arguments = ["--syntax-highlighting", "monochrome", *_contents(page)]
    if page.settings.get("number-sections") is True:
        arguments.append("--number-sections")
    template = page.settings.get("reference-doc")
    if template:
        arguments += ["--reference-doc", str(template)]
    text = SVG_PICTURE.sub(lambda match: f"]({_bitmap(match['path'], workdir)})", text)
    return _finish_docx(_pandoc(page, text, "docx", workdir, scratch, arguments), page, styled=not template)


def _bitmap(path: str, workdir: Path) -> str:
    """Draw an SVG picture as a PNG beside it, and return its path: Word shows no SVG that pandoc can write alone."""
    import typst

    source = workdir / path
    if not source.is_file():
        return path
    sheet = f'#set page(width: auto, height: auto, margin: 0pt)\n#image("/{path}")'.encode()
    target = source.with_name(f"_{source.stem}.png")
    target.write_bytes(typst.compile(sheet, root=str(workdir), format="png", ppi=192.0, ignore_system_fonts=True))
    return target.relative_to(workdir).as_posix()


def _finish_docx(content: bytes, page: Page, styled: bool = True) -> bytes:
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
        The finished file: a filled table of contents, tables ruled as in print, page numbers, and no date, host or
        user in its properties.
    """
    import docx

    document = docx.Document(io.BytesIO(content))
    if styled:
        _set_word_styles(document)
        _set_word_page(document, str(page.settings.get("title", "")))
    _fill_word_contents(document, _contents_depth(page))
    for table in document.element.body.iter(f"{WORD}tbl"):
        _set_word_table(table)
    saved = io.BytesIO()
    document.save(saved)
    return _without_dates(saved)


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
        look = WORD_STYLES.get(style.name, {})
        if "size" in look:
            style.font.size = Pt(look["size"])
        if "color" in look:
            style.font.color.rgb = RGBColor.from_string(look["color"])
        for name in {"bold", "italic"} & set(look):
            setattr(style.font, name, look[name])
        if look and style.type == WD_STYLE_TYPE.PARAGRAPH:
            _set_word_paragraph(style, look)


def _set_word_paragraph(style, look: dict) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    layout = style.paragraph_format
    if "before" in look:
        layout.space_before, layout.space_after = Pt(look["before"]), Pt(look["after"])
    if "line" in look:
        layout.line_spacing = look["line"]
    if "left" in look:
        layout.alignment = WD_ALIGN_PARAGRAPH.LEFT
    if "keep" in look:
        layout.keep_with_next = True
    properties = style.element.get_or_add_pPr()
    if "rule" in look:
        # room between the rule and the words; the ground reaches as far as the rule
        layout.left_indent, layout.right_indent = Pt(12), Pt(6)
        edge = _word_element("left", val="single", sz="18", space="8", color=look["rule"])
        properties.insert_element_before(_word_element("pBdr", edge), "w:shd", *AFTER_BORDERS)
    if "ground" in look:
        ground = _word_element("shd", val="clear", color="auto", fill=look["ground"])
        properties.insert_element_before(ground, *AFTER_BORDERS)


def _word_element(tag: str, *children, **attributes: str):
    from docx.oxml import OxmlElement

    element = OxmlElement(f"w:{tag}")
    for name, value in attributes.items():
        element.set(f"{WORD}{name}", value)
    element.extend(children)
    return element


def _word_run(text: str, tag: str = "t"):
    words = _word_element(tag)
    words.text = text
    words.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    return _word_element("r", words)


def _word_field(instruction: str) -> tuple:
    """Return the opening of a field up to where its result begins."""
    begin = _word_element("r", _word_element("fldChar", fldCharType="begin"))
    return (
        begin,
        _word_run(instruction, "instrText"),
        _word_element("r", _word_element("fldChar", fldCharType="separate")),
    )


def _word_field_end():
    return _word_element("r", _word_element("fldChar", fldCharType="end"))


def _set_word_page(document, title: str) -> None:
    from docx.enum.text import WD_TAB_ALIGNMENT
    from docx.shared import Cm, Pt, RGBColor, Twips

    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.2)
    section.top_margin, section.bottom_margin = Cm(2.5), Cm(2.3)
    banner = next((paragraph.text for paragraph in document.paragraphs if paragraph.style.name == "Tier Banner"), "")
    section.header.paragraphs[0].add_run(banner)
    line = section.footer.paragraphs[0]
    line.paragraph_format.tab_stops.add_tab_stop(Twips(WORD_TEXT_WIDTH), WD_TAB_ALIGNMENT.RIGHT)
    line.add_run(f"{title}\t")
    line._p.extend([*_word_field("PAGE"), _word_run("1"), _word_field_end()])
    for run in [*section.header.paragraphs[0].runs, *line.runs]:
        run.font.size, run.font.color.rgb = Pt(8.5), RGBColor.from_string(MUTED)


def _fill_word_contents(document, depth: int) -> None:
    """Write the headings into the table of contents, which pandoc leaves empty until somebody updates it in Word."""
    holder = next(iter(document.element.body.iter(f"{WORD}sdtContent")), None)
    if holder is None:
        return
    holder.remove(holder[-1])
    entries = []
    for paragraph in document.paragraphs:
        level = re.fullmatch(r"Heading (\d)", paragraph.style.name)
        mark = paragraph._p.getprevious()
        if not level or int(level[1]) > depth or mark is None or mark.tag != f"{WORD}bookmarkStart":
            continue
        link = _word_element("hyperlink", _word_run(paragraph.text.replace("\t", "  ")), anchor=mark.get(f"{WORD}name"))
        indent = _word_element("ind", left=str(280 * (int(level[1]) - 1)))
        entries.append(_word_element("p", _word_element("pPr", _word_element("spacing", after="40"), indent), link))
    if entries:
        for element in reversed(_word_field(rf'TOC \o "1-{depth}" \n \h \z \u')):
            entries[0].insert(1, element)
        entries[-1].append(_word_field_end())
    holder.extend(entries)


def _set_word_table(table) -> None:
    """Rule a table as in print: above, below, under its head, under a spanner, and hair lines between the rows."""
    rows = table.findall(f"{WORD}tr")
    head = sum(row.find(f"{WORD}trPr/{WORD}tblHeader") is not None for row in rows)
    for number, row in enumerate(rows, start=1):
        row.get_or_add_trPr().append(_word_element("cantSplit"))
        for cell in row.findall(f"{WORD}tc"):
            properties = cell.get_or_add_tcPr()
            if number == len(rows):
                below = {"val": "single", "sz": "8", "color": INK}
            elif number == head:
                below = {"val": "single", "sz": "6", "color": INK}
            elif number > head:
                below = {"val": "single", "sz": "2", "color": HAIR}
            else:
                below = {"val": "single" if properties.grid_span > 1 else "nil", "sz": "4", "color": INK}
            borders = [_word_element("top", val="single", sz="8", color=INK)] if number == 1 else []
            borders.append(_word_element("bottom", **below))
            properties.insert_element_before(_word_element("tcBorders", *borders), *AFTER_CELL_BORDERS)
            for style in cell.iter(f"{WORD}pStyle"):
                if style.get(f"{WORD}val") == "Compact":
                    style.set(f"{WORD}val", "TableText")
    if table.find(f"{WORD}tblPr/{WORD}tblW").get(f"{WORD}type") == "auto":
        _set_word_columns(table, rows)


def _set_word_columns(table, rows: list) -> None:
    """Give each column the width of its longest cell: not every program works widths out for itself."""
    grid = table.findall(f"{WORD}tblGrid/{WORD}gridCol")
    longest = [4] * len(grid)
    for row in rows:
        column = 0
        for cell in row.findall(f"{WORD}tc"):
            span = cell.grid_span
            if span == 1:
                length = sum(len(words.text or "") for words in cell.iter(f"{WORD}t"))
                longest[column] = max(longest[column], min(length, 45))
            column += span
    widths = [105 * length + 260 for length in longest]
    for column, width in zip(grid, widths, strict=True):
        column.set(f"{WORD}w", str(int(width * min(1, WORD_TEXT_WIDTH / sum(widths)))))


def _without_dates(archive: io.BytesIO) -> bytes:
    """Return a Word file with the same date on every part and none in its properties."""
    result = io.BytesIO()
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(result, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = DATED.sub(b"", content)
            if name == "docProps/custom.xml":
                content = NO_PROPERTIES
            part = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            part.create_system = 0
            new.writestr(part, content, zipfile.ZIP_DEFLATED)
    return result.getvalue()
