"""Text as it came: letters that were lost on the way, characters that cannot be seen, and time marks."""

from __future__ import annotations

import re
import unicodedata

#: Zero-width and bidirectional controls: nobody sees them, yet they shift offsets and hide words from search.
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")

_LETTER = r"[^\W\d_]"
_CONTROL = "\x00-\x08\x0e-\x1f\x7f-\x9f"
# What windows-1252 shows for the bytes 80 to BF, which continue a letter in UTF-8. In Portuguese a word in capitals may
# end in an A with tilde (IRMÃ), so the quotes, dashes and raised numbers among them are proof in some places only.
_CONTINUED = "\x80-\x9f€‚ƒ„†‡ˆ‰Š‹ŒŽ˜™šœžŸ\u00a1-\u00b1\u00b4-\u00b8º\u00bc-\u00bf"
_AFTER_A_WORD = "‘’“”•–—…›²³¹»\u00a0"
# The first class stands for all cases, so that the search through a large file is a search for single characters.
_DAMAGE = re.compile(
    rf"[{_CONTROL}\ufffdÃÂâÅïð](?:"
    rf"(?<=[{_CONTROL}])(?P<control>)"
    r"|(?<=\ufffd)"
    rf"|(?<=Ã)[{_CONTINUED}]"
    rf"|(?<=[a-zß-öø-ÿ]Ã)[{_AFTER_A_WORD}]"
    rf"|(?<=Ã)(?<!{_LETTER}Ã)(?:[{_AFTER_A_WORD}](?={_LETTER})|\u00a0)"
    r"|(?<=Â)[\x80-\xbf]"
    r"|(?<=â)(?:[\x80-\x9f€]|‚¬|„¢)"
    rf"|(?<=Å)“(?={_LETTER})"
    r"|(?<=ï)(?:»¿|¿½)"
    r"|(?<=ð)Ÿ"
    r")"
)


def damage(text: str) -> str:
    """Say whether a text was damaged before it was saved.

    Parameters
    ----------
    text : str
        A cell, a line or a whole file.

    Returns
    -------
    str
        The rule of the first damage in the text: ``file.damaged`` for a replacement character, or for the pairs of
        letters and signs that UTF-8 becomes when it is read as windows-1252 or Latin-1; ``file.control`` for control
        characters other than tab and line breaks; empty when the text is whole.
    """
    if text.isascii() and text.replace("\n", "").replace("\r", "").replace("\t", "").isprintable():
        return ""  # most files are; a search takes ten times as long
    found = _DAMAGE.search(text)
    if found is None:
        return ""
    return "file.control" if found.lastgroup == "control" else "file.damaged"


def normalise(text: str) -> str:
    """Return the text without invisible characters, in the composed form of Unicode (NFC)."""
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", text))


_SHORT = r"[0-9]{1,3}:[0-5][0-9]"
_LONG = r"[0-9]{1,2}:[0-5][0-9]:[0-5][0-9](?:[.,][0-9]{1,3})?"
_TENTH = rf"#({_LONG}(?:-[0-9])?)#"
_OPENING = re.compile(rf"(?:[\[(]({_LONG}|{_SHORT})[\])]|{_TENTH}|({_LONG}|{_SHORT})(?=\s|$))\s*")
_INNER = re.compile(rf"(?:\[({_LONG}|{_SHORT})\]|\(({_LONG})\)|{_TENTH}|({_LONG})(?=\s|$))\s*")
_CLOSING = re.compile(rf"\s*(?:\[({_LONG}|{_SHORT})\]|\(({_LONG})\)|{_TENTH}|(?:(?<=\s)|^)({_LONG}))$")
_CLOSING_TENTH = re.compile(rf"\s*{_TENTH}$")


def seconds(clock: str) -> float:
    """Return the seconds of ``1:23``, ``00:01:23``, ``00:01:23.450`` or ``00:01:23-5`` (with a tenth)."""
    *larger, last = clock.replace(",", ".").replace("-", ".").split(":")
    whole = 0
    for part in larger:
        whole = whole * 60 + int(part)
    return whole * 60 + float(last)


def _take(mark: re.Match[str] | None, words: str) -> tuple[float | None, str]:
    if mark is None:
        return None, words
    return seconds(mark[mark.lastindex or 0]), words[: mark.start()] + words[mark.end() :]


def opening_mark(words: str) -> tuple[float | None, str]:
    """Take a time mark off the beginning of a line; in front of a label any form is a mark.

    Returns
    -------
    float or None
        Seconds from the start of the recording.
    str
        What is left of the line.
    """
    return _take(_OPENING.match(words), words)


def inner_mark(words: str) -> tuple[float | None, str]:
    """Take a time mark off the words behind a label: ``[00:01:23]``, ``[01:23]``, ``(00:01:23)``, ``#00:01:23-5#``.

    Minutes and seconds without brackets are left alone: a person may have said them.
    """
    return _take(_INNER.match(words), words)


def closing_mark(words: str, *, within: bool = False) -> tuple[float | None, str]:
    """Take a time mark off the end of a turn.

    With ``within``, off the end of a paragraph inside a turn: there only the form ``#00:01:23-5#``, which transcription
    programs put behind every paragraph.
    """
    return _take((_CLOSING_TENTH if within else _CLOSING).search(words), words)
