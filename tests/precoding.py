"""How well the dictionary pre-codes the labelled example, and how fast.

``python tests/precoding.py`` prints precision, recall and F1 by language and by theme, apart for the half of the
transcripts on which cues were chosen and the half that was held back (``make validate`` prints it too).
``--benchmark`` prints the rate beside bare spaCy and the memory (``make bench``).

A unit is a sentence and a code. The labels are those of ``data/example/truth/gold_codes.csv``; a sentence has a code as
for human coders: half of it lies in a labelled passage, or half of a passage in it.
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
CODEBOOK = ROOT / "config/codebook.yaml"
HALVES = ("tuning", "held out")
#: Words of the benchmark, in the example's sentences over and over; and words a transcript, to measure memory.
WORDS, WORDS_A_TRANSCRIPT = 1_000_000, 2_500


@cache
def example() -> pd.DataFrame:
    """Return the sentences of the example's participants, as the interviews came."""
    from piloteval.config import read_yaml
    from piloteval.intake.sheet import Source, of_kind, read_sheet
    from piloteval.intake.transcripts import read_interviews
    from piloteval.qualitative import segments

    labels = read_yaml(ROOT / "config/config.yaml")["interviews"]
    sources = [Source(**{**vars(one), "path": str(ROOT / one.path)}) for one in read_sheet(ROOT / "config/inputs.tsv")]
    found, _, _ = read_interviews(
        of_kind(sources, "transcript"), labels["interviewer_labels"], labels["participant_labels"]
    )
    return segments.segment(found, {})[1]


def halves(segments: pd.DataFrame) -> dict[str, str]:
    """Return the half of every interview: the first, third, ... in the order of language and id are for tuning."""
    order = segments.drop_duplicates("interview").sort_values(["language", "interview"])["interview"]
    return {interview: HALVES[place % 2] for place, interview in enumerate(order)}


def labelled(segments: pd.DataFrame) -> pd.DataFrame:
    """Return sentences with the codes of the labels."""
    from piloteval.qualitative.units import coded_sentences

    with (ROOT / "data/example/truth/gold_codes.csv").open(encoding="utf-8", newline="") as handle:
        gold = pd.DataFrame(list(csv.DictReader(handle))).astype({"start": int, "end": int})
    return coded_sentences(gold.assign(coder="labels"), segments)


def scores(gold: set[tuple], suggested: set[tuple]) -> dict[str, float | int | None]:
    """Return precision, recall and F1 in percent with what they are of; one without anything is undefined."""
    right = len(gold & suggested)
    return {
        "labelled": len(gold),
        "suggested": len(suggested),
        "right": right,
        "precision": 100 * right / len(suggested) if suggested else None,
        "recall": 100 * right / len(gold) if gold else None,
        "f1": 200 * right / (len(gold) + len(suggested)) if gold or suggested else None,
    }


def measured(codebook: Path = CODEBOOK) -> pd.DataFrame:
    """Return precision, recall and F1 by half, and there over all, without negated hits, by language and by theme."""
    from piloteval.qualitative.codebook import read_codebook
    from piloteval.qualitative.coding import suggest

    segments, book = example(), read_codebook(codebook)
    half, keys = halves(segments), ["interview", "segment", "code"]
    language = segments.drop_duplicates("interview").set_index("interview")["language"]
    theme = {code.code: code.theme for code in book.codes.values()}
    rows = []
    suggestions = suggest(segments, book)
    tables = [one.assign(language=one["interview"].map(language), theme=one["code"].map(theme)) for one in (labelled(segments), suggestions)]  # fmt: skip
    for name in HALVES:
        gold, found = (one[one["interview"].map(half) == name] for one in tables)

        def told(by: str, what: str, gold: pd.DataFrame, found: pd.DataFrame, name: str = name) -> None:
            sets = (set(map(tuple, one[keys].to_numpy())) for one in (gold, found))
            people = segments["interview"][segments["interview"].map(half) == name]
            if by == "language":
                people = people[people.map(language) == what]
            rows.append({"half": name, "by": by, "name": what, "interviews": people.nunique(), **scores(*sets)})

        told("all", "all suggestions", gold, found)
        told("all", "without negated", gold, found[found["negated"] == "no"])
        for by, names in (("language", sorted(language.unique())), ("theme", book.themes)):
            for one in names:
                told(by, one, gold[gold[by] == one], found[found[by] == one])
    return pd.DataFrame(rows)


def report(codebook: Path = CODEBOOK) -> None:
    """Print what :func:`measured` finds."""
    table = measured(codebook)
    print(
        "Pre-coding by the dictionary on the labelled example: a unit is a sentence and a code, and there is no target. The interviews\n"
        "were written for the example, so the figures are no forecast for others. Lemmas, expressions, pairs, stops and negations were\n"
        "chosen on the tuning half; phrases and wildcards are those the codebook began with."
    )
    for name, here in table.groupby("half", sort=False):
        people = here["interviews"].max()
        print(f"\n{name} half, {people} interviews")
        print(
            f"{'':<10}{'':<18}{'interviews':>11}{'labelled':>10}{'suggested':>11}{'right':>7}{'precision':>11}{'recall':>8}{'F1':>6}"
        )
        for row in here.to_dict("records"):
            values = ["–" if pd.isna(row[key]) else f"{row[key]:.0f}" for key in ("precision", "recall", "f1")]
            counts = f"{row['interviews']:>11}{row['labelled']:>10}{row['suggested']:>11}{row['right']:>7}"
            print(f"{row['by']:<10}{row['name']:<18}{counts}{values[0]:>11}{values[1]:>8}{values[2]:>6}")


# --------------------------------------------------------------------------------------------------------- benchmark
def repeated(segments: pd.DataFrame, words: int) -> pd.DataFrame:
    """Return the sentences over and over until there are so many words."""
    count = segments["text"].str.split().str.len().sum()
    return pd.concat([segments] * -(-words // int(count)), ignore_index=True)


def bare(codebook: object) -> object:
    """Return a function that cuts sentences by spaCy's tokenizers and counts hits of its PhraseMatcher.

    It looks for the same cues with ``*`` left out, which it cannot look for, and for nothing in place of expressions.
    """
    from piloteval.qualitative.language import pipeline
    from spacy.matcher import PhraseMatcher

    matchers = {}
    for language in codebook.languages:
        nlp = pipeline(language)
        matchers[language] = matcher = PhraseMatcher(nlp.vocab, attr="LOWER")
        for code in codebook.codes.values():
            for cue in code.every_cue(language):
                for number, text in enumerate([part.text for part in cue.pair] or [cue.text]):
                    matcher.add(f"{code.code}|{cue}|{number}", [nlp.make_doc(text.replace("*", ""))])
        for text in (word for words in vars(codebook.negations.get(language, object)).values() if isinstance(words, tuple) for word in words):  # fmt: skip
            matcher.add(text, [nlp.make_doc(text)])

    def count(segments: pd.DataFrame) -> int:
        return sum(
            len(matchers[language](doc))
            for language, here in segments.groupby("language", sort=True)
            for doc in pipeline(language).tokenizer.pipe(here["text"].tolist())
        )

    return count


def benchmark(words: int = WORDS) -> tuple[float, float]:
    """Print, and return, the rate of coding as a share of bare spaCy's, and how far memory grows with four times as much.

    Both work on the same sentences piece by piece, in turns, and what is compared is the time of the processor, since
    other load hits either as it comes.
    """
    from piloteval.qualitative.codebook import read_codebook
    from piloteval.qualitative.coding import suggest, suggest_stream

    book, sentences = read_codebook(CODEBOOK), example()
    piece = repeated(sentences, words // 20)
    count = int(piece["text"].str.split().str.len().sum())
    suggest(sentences, book)  # tokenizers and lemmas are loaded once; cues are made ready in both
    pieces, times = -(-words // count), []

    def in_turns() -> object:
        start = time.process_time()
        least = bare(book)
        times.append(time.process_time() - start)
        for _piece in range(pieces):
            start = time.process_time()
            least(piece)
            times.append(time.process_time() - start)
            yield piece

    start = time.process_time()
    found = pd.DataFrame(suggest_stream(in_turns(), book))
    own, floor = time.process_time() - start - sum(times), sum(times)
    print(
        f"coding {count * pieces:,} words in {piece['language'].nunique()} languages: {count * pieces / own:,.0f} words a second with "
        f"{len(found):,} suggestions, bare spaCy {count * pieces / floor:,.0f}, ratio {floor / own:.2f} (bar 0.70)"
    )
    once, again = (memory(transcripts) for transcripts in (100, 400))
    print(
        f"memory of coding, streamed: 100 transcripts {once:.0f} MB, 400 transcripts {again:.0f} MB, ratio {again / once:.2f}"
    )
    return floor / own, again / once


def memory(transcripts: int) -> float:
    """Return the highest memory, in MB, of a process that codes so many transcripts one after the other."""
    done = subprocess.run(
        [sys.executable, __file__, "--transcripts", str(transcripts)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow/scripts")},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def code_and_forget(transcripts: int) -> None:
    """Code transcripts one after the other, keep nothing, and print the highest memory in MB."""
    from piloteval.qualitative.codebook import read_codebook
    from piloteval.qualitative.coding import suggest_stream

    sentences = [one for _interview, one in example().groupby("interview")]
    whole = [repeated(one, WORDS_A_TRANSCRIPT) for one in sentences]
    chunks = (whole[number % len(whole)].assign(interview=f"T{number}") for number in range(transcripts))
    hits = sum(1 for _row in suggest_stream(chunks, read_codebook(CODEBOOK)))
    if not hits:
        sys.exit("The benchmark found nothing to code.")
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--codebook", type=Path, default=CODEBOOK)
    parser.add_argument("--benchmark", action="store_true", help="rate and memory")
    parser.add_argument("--transcripts", type=int, help="only the memory of so many transcripts")
    arguments = parser.parse_args()
    if arguments.transcripts:
        code_and_forget(arguments.transcripts)
    elif arguments.benchmark:
        benchmark()
    else:
        report(arguments.codebook)


if __name__ == "__main__":
    main()
