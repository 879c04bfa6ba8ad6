"""The printable codebook: themes, codes with their definitions, and the cues of the dictionary coder.

The page is one HTML file without scripts and without anything from elsewhere, for the screen and for A4 paper. It holds
what the codebook holds and no words of participants. Its colours are those of the project that coders open.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from piloteval.intake.style import NOTHING, POLICY, STYLE, table_of
from piloteval.qualitative import colours
from piloteval.qualitative.codebook import LEMMA, PHRASE, REGEX, STOP, WILDCARD, WINDOW, Code, Codebook, Cue
from piloteval.qualitative.language import LANGUAGES

#: How the kinds of cues are called on the page, and what they are; phrases and wildcards explain themselves.
SORTS = {
    LEMMA: ("any form", "the words in any of their forms"),
    WINDOW: ("within … words of", "two cues at most so many words apart, in any order"),
    REGEX: ("pattern", "a regular expression"),
    STOP: ("but not in", "a phrase in which the code’s other cues do not count"),
}

#: Parts of a code that are shown when there is something to say.
PARTS = {"definition": "Definition", "include": "Use for", "exclude": "Not for", "source": "Source"}

#: What stands between two cues in a row; a line may end behind it.
DOT = '<span class="dot">&nbsp;·</span> '

_CSS = (
    STYLE
    + """\
main { max-width: 62rem; }
.box > :last-child { margin-bottom: 0; }
.unconfirmed { border-color: var(--warning); background: #faf5ec; }
.about { display: flex; flex-wrap: wrap; gap: 0.2rem 2.2rem; margin: 1rem 0 0; }
.about div { display: flex; gap: 0.5rem; }
.about dt { color: var(--muted); white-space: nowrap; }
.about dd { margin: 0; font-weight: 650; }
.themes { max-width: none; padding: 0; columns: 22rem; column-gap: 2.2rem; list-style: none; }
.themes li { display: flex; gap: 0.6rem; align-items: baseline; margin: 0; padding: 0.15em 0; break-inside: avoid; }
.themes .count { margin-left: auto; color: var(--muted); font-variant-numeric: tabular-nums; }
.id { font-family: var(--mono); font-size: 0.84em; font-weight: 400; letter-spacing: 0; }
.swatch {
  padding: 0.12em 0.4em; border-radius: 2px; background: var(--k); color: var(--on); font-weight: 650;
  print-color-adjust: exact;
}
h2 .id { margin-right: 0.5em; vertical-align: 0.08em; }
h3 .id {
  margin-right: 0.4em; padding-left: 0.45em; border-left: 0.28em solid var(--k); color: var(--muted);
  overflow-wrap: normal;
}
.theme > h2 { margin-bottom: 0; padding-bottom: 0.35em; border-bottom: 2px solid var(--k); }
.code {
  display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 6fr); gap: 0 2.2rem; align-items: start;
  padding: 0.9rem 0 0.8rem; border-bottom: 1px solid var(--hair);
}
.code h3 { margin: 0 0 0.4rem; text-wrap: wrap; }
.parts { margin: 0; line-height: 1.45; }
.parts div { margin: 0 0 0.3rem; font-size: 0.92rem; }
.parts dt, .parts dd { display: inline; margin: 0; }
.parts dt { color: var(--muted); }
.parts dt::after { content: ": "; }
.parts .source { font-size: 0.82rem; }
.cues { width: 100%; margin: 0.2rem 0 0; border-width: 1px; table-layout: fixed; }
.cues th { color: var(--muted); }
.cues col:first-child { width: 6.4rem; }
.cues caption, .cues thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.cues tbody tr:first-child > * { border-top: 0; }
.dot { color: var(--muted); }
.sort { color: var(--accent); font-size: 0.92em; font-style: italic; }
.key { max-width: var(--measure); padding: 0; list-style: none; }
.none { color: var(--muted); }
.negations { max-width: 56rem; }
.negations col:nth-child(1) { width: 14%; } .negations col:nth-child(5) { width: 8%; }
@media screen and (max-width: 46rem) {
  html { font-size: 16px; }
  main { padding: 1.6rem 1.1rem 3rem; }
  h2 { font-size: 1.32rem; }
  .code { grid-template-columns: minmax(0, 1fr); }
}
@media print {
  @page {
    size: A4; margin: 16mm 15mm 18mm;
    @bottom-right { content: counter(page) " / " counter(pages); font: 8pt sans-serif; }
  }
  html { font-size: 9pt; }
  main { max-width: none; padding: 0; }
  h1 { font-size: 2rem; }
  h2 { margin: 1.4rem 0 0.4rem; font-size: 1.4rem; }
  h1, h2, h3, caption, p:has(+ table) { break-after: avoid; }
  header, .box { margin-bottom: 0.9rem; }
  .box { padding: 0.5rem 0.9rem; }
  .code { grid-template-columns: minmax(0, 5fr) minmax(0, 8fr); gap: 0 1.2rem; padding: 0.5rem 0 0.4rem; }
  .code h3 { margin-bottom: 0.2rem; font-size: 1.05rem; }
  .parts { line-height: 1.35; }
  .parts div { margin-bottom: 0.1rem; }
  .cues { margin-top: 0.1rem; border: 0; font-size: 7.6pt; line-height: 1.3; }
  .cues th, .cues td { padding: 0.06rem 0.3rem; border: 0; }
  .cues col:first-child { width: 5.4rem; }
  .cues tbody tr:nth-child(-n + 2) { break-after: avoid; }
  .cues tbody tr:nth-last-child(-n + 2) { break-before: avoid; }
  thead { display: table-header-group; }
  tr, .box, .key, .about-code { break-inside: avoid; }
  .box, .sort { print-color-adjust: exact; }
  a { color: inherit; text-decoration: none; }
  p, li { orphans: 3; widows: 3; }
}
"""
    + colours.style()
)


def _clean(text: object) -> str:
    """Put a blank for every run of characters that are not seen: control, direction, format, half surrogates."""
    return " ".join("".join(one if one.isprintable() else " " for one in str(text)).split())


def _text(text: object) -> str:
    """Return a text of the codebook as inert HTML."""
    return html.escape(_clean(text))


def _plural(count: int, one: str) -> str:
    return f"{count} {one}{'' if count == 1 else 's'}"


def _language(language: str) -> str:
    return _text(LANGUAGES.get(language, language))


def _words(text: str, language: str) -> str:
    return f'<bdi lang="{_text(language)}">{_text(text)}</bdi>'


def _cue(cue: Cue, language: str) -> str:
    """Return a cue as it is read by people."""
    if cue.kind in (PHRASE, WILDCARD):
        return _words(cue.text, language)
    sort = f'<span class="sort">{SORTS[cue.kind][0]}</span>'
    if cue.kind == WINDOW:
        one, other = (_cue(part, language) for part in cue.pair)
        return f'{one} <span class="sort">within {_plural(cue.within, "word")} of</span> {other}'
    if cue.kind == REGEX:
        return f"{sort} <code>{_text(cue.text)}</code>"
    return f"{sort} {_words(cue.text, language)}"


def _cues(cues: Sequence[Cue], language: str) -> str:
    """Return the cues of a language in a row, those that hold others back at its end."""
    told = [_cue(cue, language) for cue in cues if cue.kind != STOP]
    stops = [_words(cue.text, language) for cue in cues if cue.kind == STOP]
    if stops:
        told.append(f'<span class="sort">{SORTS[STOP][0]}</span> {", ".join(stops)}')
    return DOT.join(told) or NOTHING


def _code(code: Code, languages: Sequence[str]) -> list[str]:
    """Return a code with its name and definition on the left and its cues on the right.

    On paper what is on the left stays together, and the cues may go on overleaf.
    """
    name = _text(code.code)
    parts = []
    for part, label in PARTS.items():
        if _clean(getattr(code, part)):
            parts.append(f'<div class="{part}"><dt>{label}</dt><dd>{_text(getattr(code, part))}</dd></div>')
    if code.former:
        ids = ", ".join(f'<span class="id">{_text(one)}</span>' for one in code.former)
        parts.append(f'<div class="former"><dt>Comes from</dt><dd>{ids}</dd></div>')
    rows = [[_language(one), _cues(code.every_cue(one), one)] for one in languages if code.every_cue(one)]
    table = (
        table_of(f"Cues of {name}", ["Language", "Cues"], rows, "cues") if rows else '<p class="none">Without cues.</p>'
    )
    return [
        f'<article class="code" id="{name}">',
        '<div class="about-code">',
        f'<h3><span class="id">{name}</span>{_text(code.name)}</h3>',
        f'<dl class="parts">{"".join(parts)}</dl>',
        "</div>",
        table,
        "</article>",
    ]


def _key(codebook: Codebook, languages: Sequence[str]) -> list[str]:
    """Return how cues are read; only the kinds that occur are explained."""
    kinds = {cue.kind for code in codebook.codes.values() for one in languages for cue in code.every_cue(one)}
    lines = [
        "<h2>How to read the cues</h2>",
        "<p>A cue is said as whole words, in capitals or not. It suggests its code for a sentence, and a person "
        "decides. <code>*</code> stands for any ending of a word.</p>",
    ]
    shown = [(label, words) for kind, (label, words) in SORTS.items() if kind in kinds]
    sorts = [f'<li><span class="sort">{label}</span>: {words}</li>' for label, words in shown]
    return [*lines, *(['<ul class="key">', *sorts, "</ul>"] if sorts else [])]


def _negations(codebook: Codebook) -> list[str]:
    """Return the words that mark a cue as negated."""
    if not codebook.negations:
        return []

    def listed(words: Iterable[str], language: str) -> str:
        return DOT.join(_words(one, language) for one in words) or NOTHING

    rows = [
        [
            _language(language),
            *(listed(words, language) for words in (one.before, one.after, one.exceptions)),
            str(one.within),
        ]
        for language, one in codebook.negations.items()
    ]
    headers = ["Language", "Before the cue", "After the cue", "Except in", "Words"]
    return [
        '<section aria-labelledby="negations">',
        '<h2 id="negations">Negations</h2>',
        "<p>A cue with one of these near it, in the same clause, is marked as negated and stays in view.</p>",
        table_of("Words that negate a cue, and how many words away they may be", headers, rows, "negations", ["Words"]),
        "</section>",
    ]


def codebook_page(codebook: Codebook, *, title: str = "", banner: str = "") -> str:
    """Build the printable page of a codebook.

    Parameters
    ----------
    codebook : Codebook
        The codebook.
    title : str
        Title of the study.
    banner : str
        A sentence at the top of the page, for example that the data are synthetic.

    Returns
    -------
    str
        The whole page. The same codebook gives the same text.
    """
    study = _text(title)
    languages = list(codebook.languages) or sorted({one for code in codebook.codes.values() for one in code.cues})
    themes = {theme: [code for code in codebook.codes.values() if code.theme == theme] for theme in codebook.themes}
    colour = colours.classes(codebook)
    about = {
        "Version": _text(codebook.version),
        "Status": "confirmed by coders" if codebook.status == "confirmed" else "not confirmed",
        "Codes": f"{len(codebook.codes)} in {_plural(len(themes), 'theme')}",
        "Languages": ", ".join(map(_language, languages)) or NOTHING,
    }
    unconfirmed = (
        '<p class="box unconfirmed" role="note">No coder has confirmed this version: its definitions and cues are a '
        "beginning.</p>"
    )
    body = [
        "<header>",
        "<h1>Codebook</h1>",
        *([f'<p class="subtitle">{study}</p>'] if study else []),
        '<dl class="about">',
        *(f"<div><dt>{label}</dt><dd>{value}</dd></div>" for label, value in about.items()),
        "</dl>",
        "</header>",
        *([f'<p class="box synthetic" role="note">{_text(banner)}</p>'] if banner else []),
        *([unconfirmed] if codebook.status != "confirmed" else []),
        '<nav aria-label="Themes">',
        '<ul class="themes">',
        *(
            f'<li><span class="id swatch {colour[theme]}">{name}</span> '
            f'<a href="#theme-{name}">{_text(codebook.themes[theme])}</a> '
            f'<span class="count">{_plural(len(codes), "code")}</span></li>'
            for theme, codes in themes.items()
            for name in [_text(theme)]
        ),
        "</ul>",
        "</nav>",
        *_key(codebook, languages),
    ]
    for theme, codes in themes.items():
        name = _text(theme)
        body += [
            f'<section class="theme {colour[theme]}" aria-labelledby="theme-{name}">',
            f'<h2 id="theme-{name}"><span class="id swatch">{name}</span>{_text(codebook.themes[theme])}</h2>',
            *(line for code in codes for line in _code(code, languages)),
            *([] if codes else ['<p class="none">Without codes.</p>']),
            "</section>",
        ]
    body += _negations(codebook)
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>Codebook{f' – {study}' if study else ''}</title>",
            f"<style>{_CSS}</style>",
            "</head>",
            "<body>",
            "<main>",
            *body,
            "</main>",
            "</body>",
            "</html>",
            "",
        ]
    )
