"""The codebook: codes, themes and the cues of the dictionary coder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from piloteval.config import check, read_yaml
from piloteval.errors import ConfigError


@dataclass(frozen=True)
class Code:
    """A code of the codebook."""

    code: str
    theme: str
    name: str
    definition: str
    cues: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Codebook:
    """The codebook of the study."""

    version: str
    status: str
    themes: dict[str, str]
    codes: dict[str, Code]


def read_codebook(path: str | Path) -> Codebook:
    """Read and check the codebook.

    Raises
    ------
    ConfigError
        The file breaks its schema, a code is given twice, or a code names a theme that is not listed.
    """
    raw = check("codebook", read_yaml(path), str(path))
    codes: dict[str, Code] = {}
    for one in raw["codes"]:
        if one["code"] in codes:
            raise ConfigError(f"{path}: the code `{one['code']}` is given twice. Keep one of the two.")
        if one["theme"] not in raw["themes"]:
            raise ConfigError(
                f"{path}: the code `{one['code']}` names the theme `{one['theme']}`, which is not in `themes`. "
                "Add it there, or correct the name."
            )
        codes[one["code"]] = Code(
            one["code"],
            one["theme"],
            one["name"],
            one["definition"],
            {lang: tuple(cues) for lang, cues in one["cues"].items()},
        )
    return Codebook(raw["version"], raw["status"], dict(raw["themes"]), codes)


def code_names(paths: list[str]) -> list[str]:
    """Return the codes of the codebook, none in a study without one."""
    return [code for path in paths for code in read_codebook(path).codes]
