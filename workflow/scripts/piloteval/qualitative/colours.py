"""Colours of themes: the same on the codebook's page, on the coded transcripts and in the project that coders open."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from piloteval.qualitative.codebook import Codebook

# Found by a search that keeps the least distance as large as it can be: between any two in CIELAB, as seen with all
# cones and without one kind of them, and to the ink of text. Schemes in use (Okabe and Ito, Tol) have pale colours that
# are lost as thin lines on paper. QualCoder takes the nearest of its own 120 colours, which are twelve different ones.
#: Colours of themes in the order of the codebook, each with at least 3 to 1 against white; beyond these they begin
#: anew, so a colour never stands without a name.
PALETTE = (
    *("#0f78ff", "#781e00", "#2da596", "#692db4", "#b45a00", "#2d2d78"),
    *("#f02d78", "#5a5a3c", "#c3875a", "#692d5a", "#b478e1", "#8787b4"),
)

#: The colour of a code that is not in the codebook.
NEUTRAL = "#615b53"

WHITE, BLACK = "#ffffff", "#000000"


def of_themes(codebook: Codebook) -> dict[str, str]:
    """Return the colour of each theme.

    Parameters
    ----------
    codebook : Codebook
        The codebook of the study.

    Returns
    -------
    dict of str to str
        Themes in the order of the codebook, and colours like ``#0f78ff``.
    """
    return {theme: PALETTE[place % len(PALETTE)] for place, theme in enumerate(codebook.themes)}


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, from 0 to 1.

    Parameters
    ----------
    colour : str
        Red, green and blue of sRGB, like ``#0f78ff``.

    Returns
    -------
    float
        0 is black and 1 is white.

    References
    ----------
    World Wide Web Consortium (2018). Web Content Accessibility Guidelines (WCAG) 2.1, "relative luminance".
    """
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21.

    Parameters
    ----------
    one, other : str
        Colours like ``#0f78ff``.

    Returns
    -------
    float
        (L1 + 0.05) / (L2 + 0.05), L1 being the luminance of the lighter one.

    References
    ----------
    World Wide Web Consortium (2018). Web Content Accessibility Guidelines (WCAG) 2.1, "contrast ratio".
    """
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def ink_on(colour: str) -> str:
    """Return the colour of words on a ground: white or black, whichever is easier to read.

    Parameters
    ----------
    colour : str
        The ground, like ``#0f78ff``.

    Returns
    -------
    str
        ``#ffffff`` or ``#000000``. One of them has a contrast of at least 4.58 on any ground.
    """
    return max(WHITE, BLACK, key=lambda ink: contrast(colour, ink))


def classes(codebook: Codebook) -> dict[str, str]:
    """Return the class a page gives to what has the colour of a theme; see :func:`style`.

    Parameters
    ----------
    codebook : Codebook
        The codebook of the study.

    Returns
    -------
    dict of str to str
        Themes and classes, ``k0`` being that of the first colour.
    """
    return {theme: f"k{PALETTE.index(colour)}" for theme, colour in of_themes(codebook).items()}


def style() -> str:
    """Return the rules of a page for its classes: ``--k`` is the colour and ``--on`` that of words on it.

    Returns
    -------
    str
        A rule for each colour, and ``kx`` for what is not in the codebook.
    """
    rules = {f"k{place}": colour for place, colour in enumerate(PALETTE)} | {"kx": NEUTRAL}
    return "".join(f".{name} {{ --k: {colour}; --on: {ink_on(colour)}; }}\n" for name, colour in rules.items())
