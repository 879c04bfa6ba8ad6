"""The two engines that turn a .qmd page into HTML, DOCX or PDF: Quarto, and the built-in one.

``choose_engine`` decides once a run, ``render`` makes one file. Both engines read the same, ordinary Quarto document.
Importing this module is cheap; what an engine needs is imported when it renders.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from piloteval.errors import ConfigError, PilotError

#: What ``report.engine`` in the configuration may say.
SETTINGS = ("auto", "quarto", "builtin")

#: Our formats and what Quarto calls the format that makes them; the PDF is Typst's, no LaTeX is involved.
QUARTO_FORMATS = {"html": "html", "docx": "docx", "pdf": "typst"}

#: Where Quarto writes, below the scratch folder; one folder a result, since Quarto empties it first.
QUARTO_OUTPUT = "_rendered"

#: The moment files are dated with when neither the environment nor the page names one: 1 January 1980, the first day
#: that a ZIP file, and so a Word file, can name.
DEFAULT_EPOCH = 315_532_800


def choose_engine(setting: str) -> str:
    """Return the engine to render with.

    Parameters
    ----------
    setting : str
        ``report.engine`` of the configuration: ``"auto"`` takes Quarto where it is on the PATH and the built-in engine
        where it is not, ``"quarto"`` insists on Quarto, ``"builtin"`` never looks for it.

    Returns
    -------
    str
        ``"quarto"`` or ``"builtin"``.

    Raises
    ------
    ConfigError
        If ``setting`` is none of the three, or Quarto is asked for and is not there.
    """
    if setting not in SETTINGS:
        raise ConfigError(f"report.engine in config.yaml must be one of {', '.join(SETTINGS)}; write one of these.")
    if setting == "builtin":
        return "builtin"
    if shutil.which("quarto"):
        return "quarto"
    if setting == "auto":
        return "builtin"
    raise ConfigError(
        "report.engine in config.yaml asks for quarto, which is not on the PATH; install it, or write auto or builtin."
    )


def render(source: Path, output: Path, *, to: str, engine: str, workdir: Path, python_path: list[Path]) -> None:
    """Render one page to one self-contained file.

    Parameters
    ----------
    source : Path
        A .qmd inside ``workdir``.
    output : Path
        The file to write; its folder is made if need be.
    to : {"html", "docx", "pdf"}
        The format.
    engine : {"quarto", "builtin"}
        As returned by `choose_engine`.
    workdir : Path
        A scratch folder the caller has filled with everything the page reads (included pages, bibliography, style
        sheets, figures). Cells run in it, and engines leave their own by-products there.
    python_path : list of Path
        Folders that cells can import from, before those of the environment.

    Raises
    ------
    PilotError
        If the page cannot be rendered. The sentence names the page and, for a failing cell, its label and the type of
        the exception, never the exception's text, which may hold data. The traceback goes to standard output, the log
        of the job.
    """
    if to not in QUARTO_FORMATS:
        raise ValueError(f"to must be one of {', '.join(QUARTO_FORMATS)}, not {to}")
    source, output, workdir = Path(source).resolve(), Path(output).resolve(), Path(workdir).resolve()
    output.parent.mkdir(parents=True, exist_ok=True)
    if engine == "quarto":
        _render_with_quarto(source, output, to, workdir, python_path)
        return
    from piloteval.report import builtin

    builtin.render(source, output, to=to, workdir=workdir, python_path=python_path)


def quarto_command(source: Path, to: str, output_name: str, workdir: Path) -> list[str]:
    """Return the command line that renders ``source`` with Quarto, to be run in ``workdir``.

    Parameters
    ----------
    source : Path
        The .qmd, in ``workdir``.
    to : {"html", "docx", "pdf"}
        The format; ``"pdf"`` is made by Typst.
    output_name : str
        File name of the result. Quarto empties its output folder first, so every result has a folder of this name.
    workdir : Path
        The scratch folder; cells run in it.

    Returns
    -------
    list of str
        Program and arguments. Nothing in it asks Quarto to reach the network, and no kernel stays behind to serve the
        next page.
    """
    embed = ["-M", "embed-resources:true"] if to == "html" else []
    return [
        "quarto",
        "render",
        Path(source).name,
        "--to",
        QUARTO_FORMATS[to],
        "--output-dir",
        f"{QUARTO_OUTPUT}/{output_name}",
        "--execute-dir",
        str(workdir),
        "--no-execute-daemon",
        *embed,
    ]


def cell_environment(python_path: list[Path], epoch: int) -> dict[str, str]:
    """Return the environment the cells of a page run in.

    Parameters
    ----------
    python_path : list of Path
        Folders to import from, put before the ``PYTHONPATH`` that is there.
    epoch : int
        Seconds since 1970 that figures are dated with, unless ``SOURCE_DATE_EPOCH`` is set already.

    Returns
    -------
    dict of str to str
        The environment of this process with these settings and a fixed hash seed.
    """
    paths = [str(Path(path).resolve()) for path in python_path]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([*paths, *filter(None, [os.environ.get("PYTHONPATH")])]),
        "PYTHONHASHSEED": "0",
        "SOURCE_DATE_EPOCH": os.environ.get("SOURCE_DATE_EPOCH", str(epoch)),
    }


def _render_with_quarto(source: Path, output: Path, to: str, workdir: Path, python_path: list[Path]) -> None:
    environment = {**cell_environment(python_path, DEFAULT_EPOCH), "QUARTO_PYTHON": sys.executable}
    process = subprocess.Popen(
        quarto_command(source, to, output.name, workdir),
        cwd=workdir,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    lines = []
    for line in process.stdout:
        print(line, end="", flush=True)
        lines.append(line)
    if process.wait() != 0:
        raise PilotError(quarto_failure(source.name, "".join(lines)))
    result = workdir / QUARTO_OUTPUT / output.name / f"{source.stem}.{to}"
    if not result.is_file():
        raise PilotError(
            f"{source.name} was rendered by Quarto but left no {result.name}; remove output-file on its top."
        )
    shutil.move(result, output)


def quarto_failure(name: str, log: str) -> str:
    """Return the sentence for a failed Quarto run, read out of what it printed.

    Parameters
    ----------
    name : str
        File name of the page.
    log : str
        Everything Quarto printed.

    Returns
    -------
    str
        One sentence with the last cell Quarto began and the type of the exception, and without the exception's text.
    """
    plain = re.sub(r"\x1b\[[0-9;]*m", "", log)
    cells = re.findall(r"Cell (\d+)/\d+(?:: '([^']*)')?", plain)
    types = re.findall(r"^([A-Za-z_][\w.]*)\s+Traceback \(most recent call last\)", plain, flags=re.MULTILINE)
    if not cells or not types:
        return f"{name} could not be rendered by Quarto; its own message is in the log of this job."
    number, label = cells[-1]
    cell = f"cell {label!r}" if label else f"cell {number}"
    return failed_cell(name, cell, types[-1])


def failed_cell(name: str, cell: str, exception: str) -> str:
    """Return the sentence for a cell that raised: the same words for both engines.

    Parameters
    ----------
    name : str
        File name of the page.
    cell : str
        The cell in words, ``"cell 'tbl-scores'"``.
    exception : str
        Name of the exception's type; its text stays in the log, since it may hold data.

    Returns
    -------
    str
        One sentence.
    """
    kind = re.sub(r"[^\w.]", "", exception) or "an exception"
    return f"{name} could not be rendered: {cell} raised {kind}; the traceback is in the log of this job."
