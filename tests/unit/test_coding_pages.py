"""The codebook's page and the coded page: one palette, as a browser lays them out, and on paper."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from piloteval.qualitative import codebook_page, colours, exchange
from piloteval.qualitative.codebook import Code, Codebook, read_codebook
from piloteval.report.coded_page import coded_page
from test_change_report import seen

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
INK = "#22201d"


def book(themes=10, each=3):
    codes = [f"T{number}_{place}" for number in range(themes) for place in range(each)]
    return Codebook(
        "1", "unconfirmed", {f"T{number}": f"Theme {number}" for number in range(themes)},
        {code: Code(code, code.split("_")[0], f"Code {code}", "What it is", {}) for code in codes},
    )  # fmt: skip


# The palette


@pytest.mark.parametrize("kind", ["all", "protan", "deutan", "tritan"])
def test_themes_are_told_apart_by_everybody_and_from_the_words(kind):
    found = [seen(colour, kind)[0] for colour in (*colours.PALETTE, INK)]
    assert min(np.linalg.norm(one - other) for one, other in combinations(found, 2)) > 19


def test_lines_are_seen_on_paper_and_words_on_every_colour():
    assert colours.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert colours.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)  # known from WCAG's understanding
    for colour in (*colours.PALETTE, colours.NEUTRAL):
        assert colours.contrast(colour, "#ffffff") >= 3
        assert colours.contrast(colour, colours.ink_on(colour)) >= 4.5
        assert colours.luminance(colour) == pytest.approx(seen(colour, "all")[1], abs=1e-4)


def test_coders_find_the_colours_of_the_pages_in_their_project():
    some = book(14)
    assert list(colours.of_themes(some).values()) == [*colours.PALETTE, *colours.PALETTE[:2]]
    project = exchange.codes_of(some)
    text = {"interview": "I1", "language": "en", "text": "P: One."}
    row = {"interview": "I1", "segment": 1, "turn": 1, "start": 3, "end": 7, "text": "One."}
    pages = codebook_page.codebook_page(some), coded_page(pd.DataFrame([text]), pd.DataFrame([row]), some)
    for page in pages:
        rules = dict(re.findall(r"\.(k\d+) \{ --k: (#\w{6});", page))
        for theme, name in some.themes.items():
            own = {one.colour for one in project if one.name == f"{theme} {name}"}
            own |= {code.colour for one in project if one.name == f"{theme} {name}" for code in one.children}
            shown = re.search(rf'class="(?:id swatch|theme) (k\d+)">(?:{theme}</span> <a[^>]*>|</span>){name}<', page)
            assert own == {rules[shown[1]]}


# In a browser


def laid_out(tmp_path, page, script, width=1280):
    """Return what a script finds in a page as the browser draws it; the page itself forbids scripts."""
    probe = tmp_path / "probe.html"
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    script = f"<script>document.title = 'found ' + (() => {{ {script} }})()</script>"
    probe.write_text(page.replace("</body>", script + "</body>"), encoding="utf-8")
    done = run(tmp_path, probe, f"--window-size={width},2000", "--dump-dom")
    return re.search(r"<title>found (.*?)</title>", done.stdout)[1].split()


def run(tmp_path, page, *arguments):
    return subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         f"--user-data-dir={tmp_path / 'profile'}", *arguments, page.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip


def coded(sentences=6):
    """Return a page whose second sentence has three final codes, and a code of a person in each of two others."""
    lines = [f"This is sentence number {number} of the answer." for number in range(1, sentences + 1)]
    text = f"I: How was it?\nP: {' '.join(lines)}"
    rows = [
        {"interview": "I1", "segment": n, "turn": 2, "start": text.index(one), "end": text.index(one) + len(one), "text": one}
        for n, one in enumerate(lines, 1)
    ]  # fmt: skip
    codings = [
        {"coder": who, "interview": "I1", "code": code, "start": rows[n - 1]["start"], "end": rows[n - 1]["end"],
         "quote": rows[n - 1]["text"]}
        for who, code, n in (("coder-a", "T0_0", 2), ("coder-b", "T1_1", 1), ("coder-a", "T1_1", 5))
    ]  # fmt: skip
    final = pd.DataFrame([("I1", 2, f"T{n}_0") for n in range(3)], columns=["interview", "segment", "code"])
    texts = pd.DataFrame([{"interview": "I1", "language": "en", "text": text}])
    return coded_page(texts, pd.DataFrame(rows), book(), codings=pd.DataFrame(codings), final=final)


@browser
def test_lines_of_several_codes_lie_below_each_other_and_names_tear_no_hole(tmp_path):
    script = """
      const said = document.querySelector('#t1-2 .said'), low = one => one.getBoundingClientRect().bottom;
      const marks = [...said.querySelectorAll('mark')].map(one => Math.round(low(one)));
      const next = document.querySelector('#t1-4').getBoundingClientRect().top;
      const apart = n => document.querySelector(`#t1-${n} .said`).getBoundingClientRect().top;
      document.querySelector('#show-final').click();
      const line = getComputedStyle(said.querySelector('mark .in-human, mark.in-human')).borderBottomStyle;
      const left = [...said.querySelectorAll('mark')].filter(o => getComputedStyle(o).borderBottomStyle != 'none').length;
      return [new Set(marks).size, Math.min(...marks.map(one => next - one)) > 0, apart(4) - apart(3) < 45, line, left].join(' ');
    """
    assert laid_out(tmp_path, coded(), script) == ["3", "true", "true", "solid", "1"]


@browser
def test_the_list_wraps_on_a_phone(tmp_path):
    script = """
      const cells = [...document.querySelectorAll('.wide td')].map(one => one.getBoundingClientRect());
      const label = getComputedStyle(document.querySelector('td[data-label=Suggested]'), '::before').content;
      return [document.documentElement.scrollWidth <= innerWidth, cells.every(o => o.right <= innerWidth && o.height < 60),
        label.includes('Suggested')].join(' ');
    """
    assert laid_out(tmp_path, coded(), script, 500) == ["true", "true", "true"]


@browser
def test_the_shipped_codebook_is_printed_on_half_the_pages(tmp_path):
    some = read_codebook(ROOT / "config/codebook.yaml")
    themes = dict(list(some.themes.items())[:3])  # all of it takes seconds
    some = replace(some, themes=themes, codes={one.code: one for one in some.codes.values() if one.theme in themes})
    page, printed = tmp_path / "page.html", tmp_path / "page.pdf"
    page.write_text(codebook_page.codebook_page(some), encoding="utf-8")
    run(tmp_path, page, "--no-pdf-header-footer", f"--print-to-pdf={printed}")
    # It was 8 with these 21 codes; fonts differ between machines.
    assert len(re.findall(rb"/Type\s*/Page\b", printed.read_bytes())) <= 5
