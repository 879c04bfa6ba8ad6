"""The catalogue of standards, which the owner of the certification fills, and how its codes are written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping

from piloteval.config import read_tsv
from piloteval.errors import ConfigError
from piloteval.intake.catalogue import Problem, problem


def read_standards(paths: Iterable[str]) -> list[dict[str, str]]:
    """Read the standards catalogue.

    Returns
    -------
    list of dict
        The rows in file order; a code with more zeros in front of its number than the others of its letters is written
        as they are (``COM013`` among ``COM01`` to ``COM14`` is ``COM13``).

    Raises
    ------
    ConfigError
        A code is given twice.
    """
    standards: dict[str, dict[str, str]] = {}
    for path, row, code in _rows(paths):
        if code in standards:
            found = (
                f"the code `{code}` is given twice"
                if row["code"] == code
                else f"`{row['code']}` is the code `{code}` of another row, written with more zeros"
            )
            raise ConfigError(f"{path}, row {row['line']}: {found}. Keep one of the two rows.")
        standards[code] = {**row, "code": code}
    return list(standards.values())


def check_standards(paths: Iterable[str], expected: Mapping[str, int] | None = None) -> list[Problem]:
    """Note codes of the catalogue that were written otherwise, and tracks with another number of standards.

    Parameters
    ----------
    paths : iterable of str
        Files of the catalogue.
    expected : mapping of str to int, optional
        How many standards each track is said to have, where somebody published it. Standards get revised, so another
        number is told and stops nothing.

    Returns
    -------
    list of Problem
        Notes; without a file of the catalogue there is nothing to note.
    """
    paths = list(paths)
    rows = list(_rows(paths))
    problems = []
    for path in paths:
        other = [row["line"] for where, row, code in rows if where == path and row["code"] != code]
        if other:
            found = f"{_many(other, 'code is', 'codes are')} written with more zeros than the others"
            where = {"row": int(other[0]), "column": "code"}
            problems.append(problem("catalogue.code", path, **where, found=found, effect="read without these zeros"))
    counted = Counter(row["track"] for _path, row, _code in rows)
    for track, many in (expected or {}).items() if paths else ():
        if counted[track] != many:
            path = next((path for path, row, _code in rows if row["track"] == track), paths[0])
            found = f"the track {track} has {counted[track]} standards, and {many} are expected"
            problems.append(problem("catalogue.count", path, column="track", found=found))
    return problems


def spelling(codes: Collection[str]) -> Callable[[str], str]:
    """Return what gives the code of the catalogue that a text is, when it only has zeros too many; else the text.

    The letters are compared without regard to capitals. Fewer zeros are no slip that could be told from a digit left
    out, and so are not added.
    """
    known: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for code in codes:
        letters, digits = _parts(code)
        known.setdefault((letters.casefold(), digits.lstrip("0")), []).append((len(digits), code))
    plain = {code.casefold() for code in codes}

    def own(text: str) -> str:
        letters, digits = _parts(text)
        if not digits or text.casefold() in plain:
            return text
        same = known.get((letters.casefold(), digits.lstrip("0")), ())
        alike = [code for width, code in same if 0 < width < len(digits)]
        return alike[0] if len(alike) == 1 else text

    return own


def _rows(paths: Iterable[str]) -> Iterable[tuple[str, dict[str, str], str]]:
    """Yield file, row and code of every standard; the code has no more zeros than most of its letters."""
    rows = [(path, row) for path in paths for row in read_tsv(path, "standards")]
    parts = [_parts(row["code"]) for _path, row in rows]
    widths: dict[str, Counter[int]] = {}
    for letters, digits in parts:
        widths.setdefault(letters, Counter())[len(digits)] += 1
    for (path, row), (letters, digits) in zip(rows, parts, strict=True):
        # Of two widths that are as common, the shorter one is meant: a zero is more easily added than left out.
        usual = min(widths[letters].items(), key=lambda one: (-one[1], one[0]))[0]
        zeros = len(digits) - len(digits.lstrip("0"))
        yield path, row, letters + digits[max(0, min(zeros, len(digits) - usual)) :]


def _parts(code: str) -> tuple[str, str]:
    """Return what stands before the last number of a code, and the number; a code without letters has none."""
    letters = code.rstrip("0123456789")
    return (letters, code[len(letters) :]) if any(map(str.isalpha, letters)) else (code, "")


def _many(several: Collection[object], one: str, more: str) -> str:
    return f"a {one}" if len(several) == 1 else f"{len(several)} {more}"
