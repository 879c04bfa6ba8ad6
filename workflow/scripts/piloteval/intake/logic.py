"""REDCap's language of branching logic and calculations: a parser and an evaluator, without ``eval``.

What REDCap documents (Help & FAQ, sections "Calculations" and "Branching Logic"; list of special functions) is read;
everything else is refused with a :class:`LogicError`, so that nothing is judged by a formula only half understood.
"""

from __future__ import annotations

import datetime
import decimal
import operator
import re
import statistics
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

#: What an expression may give; None is a blank.
Value = float | str | bool | None

#: Expressions inside each other, and the height of the tree they make. Formulas in use stay below; without a limit a
#: deeper one would exhaust Python's stack.
DEPTH, HEIGHT = 100, 150

UNREADABLE = "cannot be read"
ELSEWHERE = "refers to another event, another instance or a smart variable"
UNKNOWN = "uses a function that is not checked here"
TODAY = "depends on the day of the calculation"


class LogicError(Exception):
    """A formula that is not read; the text of the error says why and quotes nothing of the formula."""


@dataclass(frozen=True)
class Reference:
    """A field, ``[field]``, or one box of a checkbox field, ``[field(code)]``."""

    field: str
    code: str = ""


@dataclass(frozen=True)
class Literal:
    """A number, a text, true or false; a blank is None."""

    value: Value


@dataclass(frozen=True)
class Minus:
    """The negative of an operand."""

    operand: Node


@dataclass(frozen=True)
class Power:
    """A base and its exponent."""

    base: Node
    exponent: Node


@dataclass(frozen=True)
class Chain:
    """Operands joined by operators of one rank, read from left to right."""

    first: Node
    rest: tuple[tuple[str, Node], ...]


@dataclass(frozen=True)
class Call:
    """A function and its arguments."""

    name: str
    arguments: tuple[Node, ...]


Node = Reference | Literal | Minus | Power | Chain | Call


@dataclass(frozen=True)
class Expression:
    """A formula that was read.

    Attributes
    ----------
    root : Node
        The formula as a tree.
    references : tuple of Reference
        The fields it needs, in the order of their first use.
    functions : frozenset of str
        The functions it uses.
    """

    root: Node
    references: tuple[Reference, ...]
    functions: frozenset[str]

    def value(
        self,
        cells: Mapping[Reference, str],
        missing: Collection[str] = (),
        empty_sum: float | None = None,
    ) -> Value:
        """Compute the formula for one record.

        Parameters
        ----------
        cells : mapping of Reference to str
            Raw text of every field in ``references``; an empty text is a blank.
        missing : collection of str
            Missing data codes of the project. They can be compared with, and are blanks to arithmetic.
        empty_sum : float, optional
            What ``sum`` gives when all its arguments are blank; REDCap's documentation leaves it open.

        Returns
        -------
        float, str, bool or None
            None is a blank, which is also what an impossible calculation gives.
        """
        return _value(self.root, _Record(cells, missing, empty_sum))


# --------------------------------------------------------------------------------------------------------------------
# Reading
# --------------------------------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<reference>\[[^\[\]]*\])
    |(?P<number>[0-9]+(?:\.[0-9]+)?|\.[0-9]+)
    |(?P<text>'[^']*'|"[^"]*")
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign><>|!=|<=|>=|[-+*/^=<>(),])""",
    re.VERBOSE,
)
_REFERENCE = re.compile(r"\[\s*([A-Za-z][A-Za-z0-9_]*)\s*(?:\(\s*([^()\s]+)\s*\))?\s*\]")
_COMMENT = re.compile(r"^\s*(?:#|//).*$", re.MULTILINE)

_OR, _AND, _COMPARISON, _SUM, _PRODUCT, _SIGN = range(1, 7)
_RANK = {
    "or": _OR,
    "and": _AND,
    **dict.fromkeys(("=", "<>", "!=", "<", ">", "<=", ">="), _COMPARISON),
    **dict.fromkeys("+-", _SUM),
    **dict.fromkeys("*/", _PRODUCT),
}

#: Fewest and most arguments of each function; None is no limit.
_ARGUMENTS: dict[str, tuple[int, int | None]] = {
    "if": (3, 3),
    "isblankormissingcode": (1, 1),
    "datediff": (3, 5),
    "abs": (1, 1),
    "sqrt": (1, 1),
    **dict.fromkeys(("round", "roundup", "rounddown"), (1, 2)),
    **dict.fromkeys(("sum", "mean", "median", "min", "max"), (1, None)),
}

#: Days of each unit of ``datediff``; shorter units need times and are not read.
_UNITS = {"y": 365.2425, "M": 30.44, "d": 1.0}


def parse(text: str) -> Expression:
    """Read a formula or a condition.

    Parameters
    ----------
    text : str
        Branching logic or calculation as the data dictionary holds it.

    Returns
    -------
    Expression
        What can be computed for a record.

    Raises
    ------
    LogicError
        The text is not in the language, or uses a part of it that is not checked here.
    """
    parser = _Parser(_tokens(text))
    root = parser.expression(_OR)
    parser.expect("end")
    if _height(root) > HEIGHT:
        raise LogicError(UNREADABLE)
    return Expression(root, tuple(parser.references), frozenset(parser.functions))


def _tokens(text: str) -> list[tuple[str, str]]:
    """Cut the text into kinds and spellings; words that are operators become signs."""
    text = _COMMENT.sub("", text)
    tokens, place = [], 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise LogicError(UNREADABLE)
        place = found.end()
        kind, spelling = str(found.lastgroup), found[0]
        if kind == "word" and spelling.lower() in ("and", "or"):
            kind, spelling = "sign", spelling.lower()
        if kind != "space":
            tokens.append((kind, spelling))
    return [*tokens, ("end", "end")]


def _height(root: Node) -> int:
    height, level = 0, [root]
    while level:
        height += 1
        level = [part for node in level for part in _parts(node)]
    return height


def _parts(node: Node) -> tuple[Node, ...]:
    match node:
        case Minus(operand):
            return (operand,)
        case Power(base, exponent):
            return (base, exponent)
        case Chain(first, rest):
            return (first, *(part for _sign, part in rest))
        case Call(_name, arguments):
            return arguments
        case _:
            return ()


class _Parser:
    """Recursive descent by rank of the operators."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.place = 0
        self.depth = 0
        self.references: dict[Reference, None] = {}
        self.functions: set[str] = set()

    def next(self) -> tuple[str, str]:
        token = self.tokens[self.place]
        self.place += 1
        return token

    def sees(self, *signs: str) -> bool:
        kind, spelling = self.tokens[self.place]
        return kind == "sign" and spelling in signs

    def expect(self, spelling: str) -> None:
        if self.tokens[self.place][0] == "reference":
            raise LogicError(ELSEWHERE)
        if self.next()[1] != spelling:
            raise LogicError(UNREADABLE)

    def expression(self, lowest: int) -> Node:
        """Read operands and operators down to the lowest rank asked for."""
        self.depth += 1
        if self.depth > DEPTH:
            raise LogicError(UNREADABLE)
        node = self.operand()
        while (rank := self.rank()) >= lowest:
            rest = []
            while self.rank() == rank:
                sign = self.next()[1]
                rest.append((sign, self.expression(rank + 1)))
            if rank == _COMPARISON and len(rest) > 1:
                raise LogicError(UNREADABLE)
            node = Chain(node, tuple(rest))
        self.depth -= 1
        return node

    def rank(self) -> int:
        kind, spelling = self.tokens[self.place]
        return _RANK.get(spelling, 0) if kind == "sign" else 0

    def operand(self) -> Node:
        if self.sees("-"):
            self.next()
            return Minus(self.expression(_SIGN))
        node = self.primary()
        if self.sees("^"):
            self.next()
            return Power(node, self.expression(_SIGN))
        return node

    def primary(self) -> Node:
        kind, spelling = self.next()
        if kind == "reference":
            return self.reference(spelling)
        if kind == "number":
            return Literal(number(spelling))
        if kind == "text":
            return Literal(spelling[1:-1] if spelling[1:-1] not in ("", "NaN") else None)
        if kind == "word" and self.sees("("):
            return self.call(spelling)
        if kind == "word" and spelling.lower() in ("true", "false"):
            return Literal(spelling.lower() == "true")
        if (kind, spelling) == ("sign", "("):
            node = self.expression(_OR)
            self.expect(")")
            return node
        raise LogicError(UNREADABLE)

    def reference(self, spelling: str) -> Reference:
        found = _REFERENCE.fullmatch(spelling)
        if found is None:
            raise LogicError(ELSEWHERE)
        one = Reference(found[1].lower(), found[2] or "")
        self.references[one] = None
        return one

    def call(self, name: str) -> Call:
        if name not in _ARGUMENTS:
            raise LogicError(UNKNOWN)
        self.expect("(")
        arguments = [self.expression(_OR)]
        while self.sees(","):
            self.next()
            arguments.append(self.expression(_OR))
        self.expect(")")
        fewest, most = _ARGUMENTS[name]
        if len(arguments) < fewest or (most is not None and len(arguments) > most):
            raise LogicError(UNREADABLE)
        self.functions.add(name)
        return Call(name, tuple(_datediff_arguments(arguments) if name == "datediff" else arguments))


def _datediff_arguments(arguments: list[Node]) -> list[Node]:
    """Return the two dates, the unit and whether the sign is kept.

    The optional fourth argument is the format of both dates. Exports hold dates as year-month-day whatever the
    format on the screen, so it only matters to a date written into the formula.
    """
    first, second, unit, *options = arguments
    given = [one.value if isinstance(one, Literal) else None for one in options]
    order = given.pop(0) if given and not isinstance(given[0], bool) else "ymd"
    signed = given.pop(0) if given else False
    written = [one.value for one in (first, second) if isinstance(one, Literal)]
    if {"today", "now"} & {str(one).lower() for one in written}:
        raise LogicError(TODAY)
    if not isinstance(unit, Literal) or unit.value not in _UNITS or (written and order != "ymd"):
        raise LogicError(UNKNOWN)
    if order not in ("ymd", "mdy", "dmy") or not isinstance(signed, bool) or given:
        raise LogicError(UNREADABLE)
    return [first, second, unit, Literal(signed)]


# --------------------------------------------------------------------------------------------------------------------
# Computing
# --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Record:
    cells: Mapping[Reference, str]
    missing: Collection[str]
    empty_sum: float | None


_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][-+]?[0-9]+)?")


def number(text: str) -> float | None:
    """Read a number with a point or, as some fields and export settings have it, a comma; anything else is None."""
    return _finite(float(text.replace(",", "."))) if _NUMBER.fullmatch(text) else None


def _finite(value: float) -> float | None:
    return value if value == value and abs(value) != float("inf") else None


def _number(value: Value) -> float | None:
    if isinstance(value, str):
        return number(value)
    return None if value is None else float(value)


def holds(value: Value) -> bool:
    """Tell whether a value, taken as a condition, is true."""
    return value not in (None, False, 0, "0")


def _value(node: Node, record: _Record) -> Value:
    match node:
        case Literal(value):
            return value
        case Reference():
            return record.cells[node] or None
        case Minus(operand):
            value = _quantity(operand, record)
            return None if value is None else -value
        case Power(base, exponent):
            return _power(_quantity(base, record), _quantity(exponent, record))
        case Call(name, arguments):
            return _called(name, arguments, record)
        case Chain(first, rest):
            return _joined(first, rest, record)


def _quantity(node: Node, record: _Record) -> float | None:
    """Compute a node as a number: texts and missing data codes are blanks."""
    value = _value(node, record)
    return None if isinstance(value, str) and value in record.missing else _number(value)


def _joined(first: Node, rest: tuple[tuple[str, Node], ...], record: _Record) -> Value:
    rank = _RANK[rest[0][0]]
    if rank in (_OR, _AND):
        conditions = (holds(_value(node, record)) for node in (first, *(node for _sign, node in rest)))
        return any(conditions) if rank == _OR else all(conditions)
    if rank == _COMPARISON:
        return _compared(rest[0][0], first, rest[0][1], record)
    total = _quantity(first, record)
    for sign, node in rest:
        total = _calculated(sign, total, _quantity(node, record))
    return total


_ARITHMETIC = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
_ORDER = {"<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge}


def _calculated(sign: str, left: float | None, right: float | None) -> float | None:
    """Apply one operator of arithmetic; a blank operand, or a division by zero, gives a blank."""
    if left is None or right is None or (sign == "/" and right == 0):
        return None
    return _finite(_ARITHMETIC[sign](left, right))


def _power(base: float | None, exponent: float | None) -> float | None:
    if base is None or exponent is None:
        return None
    try:
        value = base**exponent
    except (OverflowError, ZeroDivisionError):
        return None
    return _finite(value) if isinstance(value, float) else None


def _compared(sign: str, first: Node, second: Node, record: _Record) -> bool:
    """Compare two values: as numbers if both are, else as texts.

    A blank equals a blank and nothing else, zero included. It has no place in an order, so that ``<`` and its like
    are false; neither has a missing data code, nor a text beside a number.
    """
    left, right = _value(first, record), _value(second, record)
    low, high = _number(left), _number(right)
    if sign not in _ORDER:
        same = left == right if low is None or high is None else low == high
        return same == (sign == "=")
    if left is None or right is None or left in record.missing or right in record.missing:
        return False
    if low is not None and high is not None:
        return _ORDER[sign](low, high)
    return low is None and high is None and _ORDER[sign](left, right)


def _called(name: str, arguments: tuple[Node, ...], record: _Record) -> Value:
    if name == "if":
        condition, then, otherwise = arguments
        return _value(then if holds(_value(condition, record)) else otherwise, record)
    if name == "isblankormissingcode":
        value = _value(arguments[0], record)
        return value is None or value in record.missing
    if name == "datediff":
        return _datediff(*(_value(one, record) for one in arguments))
    quantities = [_quantity(one, record) for one in arguments]
    if name in _ROUNDING:
        return _rounded(quantities[0], quantities[1] if len(quantities) > 1 else 0.0, _ROUNDING[name])
    given = [one for one in quantities if one is not None]
    if not given:
        return record.empty_sum if name == "sum" else None
    if name == "sqrt":
        return given[0] ** 0.5 if given[0] >= 0 else None
    return abs(given[0]) if name == "abs" else _finite(_SUMMARIES[name](given))


_SUMMARIES: dict[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "mean": lambda values: sum(values) / len(values),
    "median": statistics.median,
    "min": min,
    "max": max,
}

_ROUNDING = {
    "round": decimal.ROUND_HALF_UP,
    "roundup": decimal.ROUND_CEILING,
    "rounddown": decimal.ROUND_FLOOR,
}


def _rounded(value: float | None, places: float | None, rounding: str) -> float | None:
    """Round the number as it is written in decimals, so that 2.675 is a half and not a little less."""
    if value is None or places is None or places != int(places):
        return None
    try:
        return float(decimal.Decimal(repr(value)).quantize(decimal.Decimal(1).scaleb(-int(places)), rounding))
    except decimal.DecimalException:
        # More places than a number of this size has: there is nothing to round.
        return value


def _datediff(first: Value, second: Value, unit: Value, signed: Value) -> float | None:
    """Return the time from the first to the second date, in units of fixed length."""
    left, right = _moment(first), _moment(second)
    if left is None or right is None or len(str(first)) != len(str(second)):
        return None
    days = (right - left) / datetime.timedelta(days=1) / _UNITS[str(unit)]
    return days if signed else abs(days)


def _moment(value: Value) -> datetime.datetime | None:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9:]{5,8})?", value):
        return None
    try:
        return datetime.datetime.fromisoformat(value)
    except ValueError:
        return None
