"""Notes on answers that are allowed and yet unlikely: nothing is set aside here, a person is asked to look."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from piloteval.config import Instrument, Scale
from piloteval.intake.catalogue import Problem, problem
from piloteval.intake.gate import Gate
from piloteval.intake.questionnaires import Answers, File
from piloteval.intake.records import Intake
from piloteval.intake.sheet import Source
from piloteval.intake.tabular import alike

#: A problem with the value and the suggestion that only the restricted list shows.
Told = tuple[Problem, str, str]

#: Fewest items that must all have the same answer to be noted.
STRAIGHT = 5


def straight_lines(answers: Answers) -> list[Told]:
    """Note persons with one answer to every item of an instrument that asks some items in reverse.

    Whoever reads the items cannot agree with a statement and with its opposite; five items are needed, all answered.
    """
    told: list[Told] = []
    for file in answers.files:
        for instrument, places in _by_instrument(file).items():
            scored = file.layout.items[places[0]][0]
            if len(places) < STRAIGHT or not scored.reverse or len(scored.reverse) == len(places):
                continue
            for entry, values in zip(file.layout.entries, file.answers(), strict=True):
                given = {values[place] for place in places}
                if len(given) == 1 and None not in given:
                    found = f"one and the same answer to all {len(places)} items of {instrument}"
                    told.append((problem("answer.straight-line", **file.at(entry), found=found), entry.person, ""))
    return told


def _by_instrument(file: File) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for place, (instrument, _item) in enumerate(file.layout.items):
        places.setdefault(instrument.id, []).append(place)
    return places


def reversed_items(answers: Answers, instruments: Mapping[str, Instrument]) -> list[Told]:
    """Note items that run against the rest of their scale, and reversed items that run against the others.

    Two correlations (Pearson, complete rows, reversed items turned round) are looked at, over all files of the study
    and over those of each institution, its waves together: of each item with the sum of the rest, and of the sum of the
    reversed items with the sum of the others. They are noted when the upper limit of the 99 % Fisher interval,
    ``tanh(atanh(r) + 2.576 / sqrt(n - 3))``, lies below 0. The whole study is looked at first, so that what is wrong
    everywhere is told once. Fewer than eight rows say nothing; with eight, only r below -0.82 is noted. Rows of one
    person in two waves are not independent, so the limit is a screen and no test.
    """
    groups: dict[str, list[File]] = {}
    for file in answers.files:
        for name in ("", file.source.site or file.source.source):
            groups.setdefault(name, []).append(file)
    told: list[Told] = []
    seen: set[str] = set()
    for name, files in sorted(groups.items(), key=lambda group: group[0]):
        for instrument in instruments.values():
            for scale in instrument.scales:
                there, values = _scale_values(files, instrument, scale)
                if values is None:
                    continue
                where = (
                    f"at this institution (n = {len(values)})" if name else f"in the whole study (n = {len(values)})"
                )
                for item, found in _running_against(scale.items, instrument, values):
                    if item not in seen:
                        seen.add(item)
                        one = problem(
                            "instrument.reversed",
                            there.raw.file,
                            sheet=there.raw.sheet,
                            column=item,
                            found=f"{found} {scale.id} {where}",
                        )
                        told.append((one, "", ""))
    return told


def _scale_values(files: Iterable[File], instrument: Instrument, scale: Scale) -> tuple[Any, Any]:
    """Return the first file that has the scale, and the complete rows of all, reversed items turned round."""
    import numpy as np

    there, blocks = None, []
    for file in files:
        places = {item: place for place, (_of, item) in enumerate(file.layout.items)}
        if set(scale.items) <= set(places) and file.layout.entries:
            there = there or file
            blocks.append(np.array([file.columns[places[item]] for item in scale.items], dtype=float).T)
    if not blocks or len(scale.items) < 3:
        return None, None
    values = np.vstack(blocks)
    turned = [item in instrument.reverse for item in scale.items]
    values[:, turned] = instrument.values[0] + instrument.values[-1] - values[:, turned]
    return there, values[~np.isnan(values).any(axis=1)]


def _running_against(items: Sequence[str], instrument: Instrument, values: Any) -> list[tuple[str, str]]:
    """Return the items that run against the others, with what is said of them."""
    import numpy as np

    turned = np.array([item in instrument.reverse for item in items])
    if turned.any() and not turned.all() and _against(values[:, turned].sum(axis=1), values[:, ~turned].sum(axis=1)):
        names = [item for item in items if item in instrument.reverse]
        return [(", ".join(names), "the items asked in reverse run against the others of")]
    return [
        (item, "the item runs against the rest of")
        for place, item in enumerate(items)
        if _against(values[:, place], np.delete(values, place, 1).sum(axis=1))
    ]


def _against(item: Any, rest: Any) -> bool:
    """Tell whether two columns correlate negatively beyond chance."""
    import numpy as np

    if len(item) < 8 or item.std() == 0 or rest.std() == 0:
        return False
    r = float(np.corrcoef(item, rest)[0, 1])
    return r < 0 and math.tanh(math.atanh(max(r, -0.999999)) + 2.576 / math.sqrt(len(item) - 3)) < 0


def wordings(answers: Answers) -> list[Told]:
    """Note items whose question text differs between two files, or two waves of a file, of the same institution."""
    first: dict[tuple[str, str], tuple[str, str]] = {}
    told: list[Told] = []
    for file in answers.files:
        differing = []
        for _instrument, item in file.layout.items:
            for header in file.layout.names(item) if file.source.site else ():
                text = alike(file.raw.texts.get(header, ""))
                before = first.setdefault((file.source.site, item), (text, file.raw.file)) if text else (text, "")
                if before[0] != text:
                    differing.append((header, before[1]))
        if differing:
            header, other = differing[0]
            found = f"the question texts of {len(differing)} items, this the first, differ from those in {other}"
            told.append(
                (problem("instrument.wording", file.raw.file, row=file.raw.top, column=header, found=found), "", "")
            )
    return told


def near(text: str, others: Collection[str]) -> list[str]:
    """Return the ids that are nearly the same, the nearest first.

    Capital letters, blanks, leading zeros, and O for 0 or l for 1 count as no difference at all; then come a letter
    changed, added or left out, and two neighbours swapped. Another digit is another id: most ids are running numbers.
    """
    same = [one for one in sorted(others) if one != text and _plain(one) == _plain(text)]
    return same + [one for one in sorted(others) if one != text and one not in same and _one_slip(text, one)]


def _plain(text: str) -> str:
    table = str.maketrans({"o": "0", "l": "1", "i": "1", "-": "", "_": "", ".": "", " ": ""})
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", text.casefold().translate(table))


def _one_slip(one: str, other: str) -> bool:
    if abs(len(one) - len(other)) > 1 or min(len(one), len(other)) < 3:
        return False
    if len(one) == len(other):
        differing = [place for place in range(len(one)) if one[place] != other[place]]
        if len(differing) == 1:
            return not (one[differing[0]].isdigit() and other[differing[0]].isdigit())
        swapped = len(differing) == 2 and differing[1] == differing[0] + 1
        return swapped and one[differing[0]] == other[differing[1]] and one[differing[1]] == other[differing[0]]
    short, long = sorted((one, other), key=len)
    extra = next((place for place in range(len(short)) if short[place] != long[place]), len(short))
    return long[:extra] + long[extra + 1 :] == short


def unmatched(answers: Answers, waves: Iterable[str]) -> list[Told]:
    """Note persons of a later wave without a row in an earlier one, each with ids nearly the same.

    A person with a near miss gets a note of its own; the others are told once a file, since joining late is no fault.
    """
    there: dict[str, dict[str, set[str]]] = {}
    for person, entry, _file in answers.respondents():
        there.setdefault(entry.wave, {}).setdefault(person, set()).add(entry.site)
    order = [wave for wave in waves if wave in there]
    aside = {one["value"] for one in answers.quarantine if one["rule"] == "person.duplicate"}
    told: list[Told] = []
    for file in answers.files:
        alone: list[str] = []
        for entry in file.layout.entries:
            before = order[: order.index(entry.wave)] if entry.wave in order else []
            known = entry.person in aside or any(entry.person in there[wave] for wave in before)
            if not before or known or not file.layout.person_column:
                continue
            now = there[entry.wave]
            open_ids = {
                one
                for wave in before
                for one, sites in there[wave].items()
                if one not in now and one not in aside and (not entry.site or not any(sites) or entry.site in sites)
            }
            ids = near(entry.person, open_ids)
            if ids:
                found = f"the id is not in an earlier wave, and {_many(ids)} nearly the same"
                told.append((problem("wave.unmatched", **file.at(entry), found=found), entry.person, " / ".join(ids)))
            else:
                alone.append(entry.person)
        if alone:
            # How many joined late at an institution is a small count; the restricted list names them.
            found = "some persons have no row in an earlier wave"
            where = {"sheet": file.raw.sheet, "column": file.layout.person_column}
            told.append((problem("wave.unmatched", file.raw.file, **where, found=found), " / ".join(alone), ""))
    return told


def _many(ids: list[str]) -> str:
    return "one id there is" if len(ids) == 1 else f"{len(ids)} ids there are"


def other_site(answers: Answers, register: Intake) -> list[Told]:
    """Note rows that come from another institution than the person is registered at."""
    site = {one["participant"]: one["site"] for one in register.records}
    return [
        (problem("person.site", **file.at(entry)), person, "")
        for person, entry, file in answers.respondents()
        if entry.site and site.get(person, entry.site) != entry.site
    ]


def alike_ids(records: Iterable[Mapping[str, Any]], of: Mapping[str, Source]) -> list[Told]:
    """Note participants whose ids differ only in what a hand easily confuses."""
    first: dict[str, str] = {}
    told: list[Told] = []
    for one in records:
        before = first.setdefault(_plain(one["participant"]), one["participant"])
        if before != one["participant"]:
            where = {"row": one["row"], "column": "participant"}
            told.append((problem("person.alike", of[one["source"]].path, **where), one["participant"], before))
    return told


def withdrawn_alike(gate: Gate, people: Iterable[str]) -> list[Problem]:
    """Name withdrawals whose id somebody has nearly, who was let in: it may be the same person in another spelling.

    A register tells them apart; without one nobody does.
    """
    plain = {_plain(one): one for one in gate.withdrawn}
    problems = []
    for person in sorted(set(people) - gate.withdrawn.keys()):
        for file, row, _scopes, _deleted in gate.places.get(plain.get(_plain(person), ""), ())[:1]:
            found = "somebody in the data has nearly the same id as this person who withdrew"
            remedy = "Give both ids the same spelling, or list the other spelling too."
            where = {"row": row, "column": "participant", "found": found, "remedy": remedy}
            problems.append(problem("person.withdrawal", file, **where))
    return problems


def across(
    phases: Mapping[str, str], intakes: Mapping[str, Intake], people: Collection[str], of: Mapping[str, Source]
) -> list[Told]:
    """Note files of another phase whose ids are also those of participants.

    Parameters
    ----------
    phases : mapping of str to str
        Column of the ids by kind of record.
    intakes : mapping of str to Intake
        Records by kind.
    people : collection of str
        Participant ids.
    of : mapping of str to Source
        Row of the landing sheet of every source.
    """
    told: list[Told] = []
    for kind, column in phases.items():
        hits: dict[str, dict[str, int]] = {}
        for one in intakes[kind].records:
            if one[column] in people:
                hits.setdefault(one["source"], {}).setdefault(one[column], one["row"])
        for source, ids in hits.items():
            many = f"{len(ids)} ids of this file are" if len(ids) > 1 else "an id of this file is"
            found = f"{many} also that of a participant"
            where = {"row": min(ids.values()), "column": column}
            told.append((problem("person.across", of[source].path, **where, found=found), " / ".join(ids), ""))
    return told


def suggestions(answers: Answers, people: Collection[str]) -> dict[tuple[Any, ...], str]:
    """Return the ids of the register that are nearly those set aside as unknown, by the place of the problem."""
    return {
        (one["file"], one["sheet"], one["row"], one["column"], one["rule"]): " / ".join(near(one["value"], people))
        for one in answers.quarantine
        if one["rule"] == "person.unknown"
    }
