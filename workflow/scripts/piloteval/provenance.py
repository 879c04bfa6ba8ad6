"""Where the results come from: files, software, study, and rows that add up."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from piloteval import tables
from piloteval.intake.ledger import by_kind, close

if TYPE_CHECKING:
    import pandas as pd

#: Packages whose version can change a number or a page.
PACKAGES = (
    "snakemake",
    "numpy",
    "scipy",
    "pandas",
    "statsmodels",
    "pingouin",
    "krippendorff",
    "spacy",
    "simplemma",
    "matplotlib",
    "seaborn",
    "great-tables",
    "python-calamine",
    "pyreadstat",
    "python-docx",
    "webvtt-py",
    "nbclient",
    "pypandoc-binary",
    "typst",
)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def manifest(paths: list[str], rules: dict[str, str]) -> pd.DataFrame:
    """List the result files with tier, rule, size and digest.

    Parameters
    ----------
    paths : list of str
        Result files.
    rules : dict of str to str
        The rule that makes each file.

    Raises
    ------
    ContractError
        A table carries no tier label.
    """
    import pandas as pd

    rows = []
    for path in sorted(paths):
        inside = Path(path).as_posix().rpartition("results/")[2]
        tier = tables.contract(path).tier if Path(path).suffix in (".csv", ".parquet") else inside.split("/", 1)[0]
        data = Path(path).read_bytes()
        rows.append(
            {"path": inside, "tier": tier, "rule": rules.get(path, ""), "bytes": len(data), "sha256": _digest(data)}
        )
    return pd.DataFrame(rows)


def software() -> pd.DataFrame:
    """List Python and the packages with their versions."""
    import pandas as pd

    rows = [{"package": "python", "version": platform.python_version()}]
    rows += [{"package": name, "version": metadata.version(name)} for name in PACKAGES]
    return pd.DataFrame(rows)


def study_facts(config: dict[str, Any], files: list[str], code: list[str], pins: dict[str, str]) -> pd.DataFrame:
    """List what identifies the run: digests of configuration, code and raw data, and the facts of the registry."""
    import pandas as pd

    def over(paths: list[str]) -> str:
        return _digest(
            "".join(f"{Path(path).name} {_digest(Path(path).read_bytes())}\n" for path in sorted(paths)).encode()
        )

    facts = {
        "registry": config["study"]["registry"],
        "data status": config["study"]["data_status"],
        "configuration (SHA-256)": _digest(json.dumps(config, sort_keys=True, ensure_ascii=False).encode()),
        "catalogues and instruments (SHA-256)": over(files),
        "program (SHA-256)": over(code),
        "raw data (SHA-256)": _digest("".join(f"{path} {digest}\n" for path, digest in sorted(pins.items())).encode()),
        "raw files": str(len(pins)),
    }
    return pd.DataFrame([{"fact": fact, "value": value} for fact, value in facts.items()])


def record(
    ledgers: dict[str, pd.DataFrame],
    rows: pd.DataFrame,
    *,
    results: list[str],
    catalogues: list[str],
    program: list[str],
    rules: dict[str, str],
    config: dict[str, Any],
    pins: dict[str, str],
) -> dict[str, pd.DataFrame]:
    """Return the tables of rule ``write_provenance``.

    Parameters
    ----------
    ledgers : dict of str to pandas.DataFrame
        What each rule accounted for.
    rows : pandas.DataFrame
        Rows of every file and wave as the check counted them.
    results, catalogues, program : list of str
        Result files, files of the configuration, modules of the package.
    rules : dict of str to str
        The rule that makes each result file.
    config : dict
        The configuration.
    pins : dict of str to str
        Digest of every raw file.

    Raises
    ------
    DataError
        A row is lost or counted twice.
    """
    closed = close(list(ledgers.values()), rows.dropna(subset=["rows_read"]))
    accounting = by_kind(closed)
    return {
        "manifest": manifest(results, rules),
        "software": software(),
        "study": study_facts(config, catalogues, program, pins),
        "rows": closed,
        "accounting": accounting,
        "released": accounting,
    }
