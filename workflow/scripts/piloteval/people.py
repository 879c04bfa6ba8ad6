"""Who is in the study: admission behind the gate of consent and withdrawal, and pseudonyms."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from piloteval.config import read_instruments, read_tsv
from piloteval.errors import ConfigError, DataError
from piloteval.intake import gate as gates
from piloteval.intake.decisions import read_decisions
from piloteval.intake.eligibility import reason_to_exclude
from piloteval.intake.gate import Gate, open_gate
from piloteval.intake.ledger import account
from piloteval.intake.plausibility import withdrawn_alike
from piloteval.intake.questionnaires import read_questionnaires
from piloteval.intake.records import read_records
from piloteval.intake.sheet import Source, digest, of_kind, require
from piloteval.keys import INTERVIEW, SURVEY, pseudonym, pseudonyms, read_key

if TYPE_CHECKING:
    import pandas as pd

ADMITTED, EXCLUDED, WITHDRAWN, ASIDE = "admitted", "excluded", "withdrawn", "set aside"


def _turned_away(gate: Gate, kept: Iterable[str]) -> list[dict[str, str]]:
    """Return the screening of everybody the gate turns away from the survey, and of rows set aside, without any id.

    Of these people not even cohort and country are kept.
    """
    withdrew = [person for person, scopes in gate.withdrawn.items() if gates.SURVEY in scopes]
    refused = [why for (scope, person), why in gate.refused.items() if scope == SURVEY and person not in withdrew]
    aside = gate.registered - {*kept} - {*withdrew} - {person for scope, person in gate.refused if scope == SURVEY}
    return [
        *({"status": WITHDRAWN, "reason": "withdrew"} for _person in withdrew),
        *({"status": EXCLUDED, "reason": why} for why in refused),
        *({"status": ASIDE, "reason": "row in the register set aside"} for _person in aside),
    ]


def admit(
    register: pd.DataFrame, gate: Gate, key: bytes, countries: dict[str, str], **criteria: Any
) -> dict[str, pd.DataFrame]:
    """Decide on every registered person who consented and give the admitted ones a pseudonym.

    Parameters
    ----------
    register : pandas.DataFrame, shape (people, columns of the register)
        The typed register, without those the gate turned away.
    gate : Gate
        Who withdrew from the survey or did not consent to it.
    key : bytes
        Key of the pseudonyms.
    countries : dict of str to str
        Country of each site.
    **criteria
        Passed to :func:`piloteval.intake.eligibility.reason_to_exclude`.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``pseudonyms`` (raw ids of those who consented to the survey), ``participants`` (admitted),
        ``screening`` (status of everybody registered, without any id).
    """
    asked = register[~register["participant"].isin([one for one in register["participant"] if gate.fate(SURVEY, one)])]
    reasons = [reason_to_exclude(person, **criteria) for person in asked.to_dict("records")]
    decided = asked.assign(
        reason=reasons,
        status=[EXCLUDED if reason else ADMITTED for reason in reasons],
        country=asked["site"].map(countries).fillna(""),
    )
    names = pseudonyms(key, SURVEY, decided.loc[decided["status"] == ADMITTED, "participant"])
    decided = decided.assign(person=[names.get(one, "") for one in decided["participant"]])
    return _tables(decided, _turned_away(gate, register["participant"]))


def without_register(respondents: Iterable[str], gate: Gate, key: bytes | None) -> dict[str, pd.DataFrame]:
    """Admit every respondent of a study without a register who did not withdraw; nothing else is checked here.

    Without a key people are numbered in the order of the SHA-256 of their ids, so that the order of the files, which
    often is the order of coming, is not kept.
    """
    import pandas as pd

    people = sorted(set(respondents), key=lambda one: hashlib.sha256(one.encode()).digest())
    names = pseudonyms(key, SURVEY, people) if key else {one: f"r{n:05d}" for n, one in enumerate(people, start=1)}
    blank = dict.fromkeys(("site", "country", "cohort", "profession", "reason"), "")
    decided = pd.DataFrame({"participant": people, "person": [names[one] for one in people]}).assign(
        **blank, age=None, experience_years=None, status=ADMITTED
    )
    return _tables(decided, _turned_away(gate, ()))


def _tables(decided: pd.DataFrame, turned_away: list[dict[str, str]]) -> dict[str, pd.DataFrame]:
    """Return the tables of people; none keeps the order of the raw file, which often is that of enrolment."""
    import pandas as pd

    columns = ["person", "site", "country", "cohort", "profession", "age", "experience_years"]
    seen = decided[["cohort", "country", "status", "reason"]]
    others = pd.DataFrame(turned_away, columns=["status", "reason"]).assign(cohort="", country="")
    screening = pd.concat([seen, others], ignore_index=True)
    return {
        "pseudonyms": decided[["participant", "person", "status", "reason"]].sort_values("participant"),
        "participants": decided.loc[decided["status"] == ADMITTED, columns].sort_values("person"),
        "screening": screening.sort_values(["cohort", "country", "status", "reason"]),
    }


def admit_interviews(
    interviews: pd.DataFrame,
    register: pd.DataFrame | None,
    gate: Gate,
    key: bytes | None,
    countries: dict[str, str],
    **criteria: Any,
) -> pd.DataFrame:
    """Decide on every interview the gate let in: the interviewee must be registered and eligible.

    Parameters
    ----------
    interviews : pandas.DataFrame
        The list of interviews; ``participant`` may be empty in a study without a register.
    register, gate, key, countries, **criteria
        As in :func:`admit`; without a register every listed interview is admitted that was not withdrawn.

    Returns
    -------
    pandas.DataFrame
        One row an interview with the speaker's pseudonym of the domain ``interview``, cohort, site, status, and whether
        the person consented to be quoted; who did not say so, or took it back, is not quoted.
    """
    import pandas as pd

    people = {} if register is None else {one["participant"]: one for one in register.to_dict("records")}
    rows = []
    for one in interviews.to_dict("records"):
        person = people.get(one["participant"])
        reason = "" if register is None else "not in the register"
        if person is not None:
            reason = reason_to_exclude(person, **criteria)
        if one["interview"] in gate.interviews:
            reason = "another person of the interview is turned away"
        status = EXCLUDED if reason else ADMITTED
        place = person or one
        identifier = one["participant"] or one["interview"]
        consented = person is not None and person["consent_quotes"] == "yes"
        rows.append(
            {
                "interview": one["interview"],
                "speaker": pseudonym(key, INTERVIEW, identifier) if key and status == ADMITTED else "",
                "cohort": place["cohort"],
                "site": place["site"],
                "country": countries.get(place["site"], ""),
                "role": person["profession"] if person is not None else "",
                "wave": one["wave"],
                "held_on": one["held_on"],
                "minutes": one["minutes"],
                "quotes": "yes" if consented and not gate.fate(gates.QUOTES, one["participant"]) else "no",
                "status": status,
                "reason": reason,
            }
        )
    columns = [
        *("interview", "speaker", "cohort", "site", "country", "role", "wave", "held_on"),
        *("minutes", "quotes", "status", "reason"),
    ]
    return pd.DataFrame(rows, columns=columns)


def run(
    sources: list[Source],
    *,
    sites: list[str],
    instruments: list[str],
    key: list[str],
    cohorts: list[str],
    criteria: dict[str, Any],
    settings: dict[str, Any],
) -> dict[str, Any]:
    """Read register, withdrawals and the list of interviews, and admit people.

    Parameters
    ----------
    sources : list of Source
        Files of these kinds; in a study without a register also the questionnaires, whose respondents are all admitted.
    sites, instruments, key : list of str
        Files of the configuration; ``key`` is empty in a study without a register.
    cohorts, criteria, settings
        What the configuration knows.

    Returns
    -------
    dict of str to pandas.DataFrame
        The tables of rule ``admit_participants``.

    Raises
    ------
    DataError
        A withdrawal names somebody who is not known, or whose data are there again.
    """
    places = read_tsv(sites[0], "sites") if sites else []
    countries = {one["site"]: one["country"] for one in places}
    domains = {"sites": list(countries), "cohorts": cohorts}
    decisions, gate = read_decisions(sources), open_gate(sources)
    register, withdrawals, listed = (
        read_records(kind, of_kind(sources, kind), domains, decisions=decisions, gate=gate)
        for kind in ("register", "withdrawals", "interview_list")
    )
    require(sources, settings, [*decisions.problems, *register.problems, *withdrawals.problems, *listed.problems])
    secret = read_key(key[0]) if key else None
    registered = bool(of_kind(sources, "register"))
    if registered and secret is None:
        raise ConfigError(
            "config/config.yaml: `participants.key_file` is needed for pseudonyms. "
            "Make a key with `make key` and name its file."
        )
    known = {*register.seen, *(one["participant"] for one in listed.records)}
    if registered:
        tables = admit(register.table(), gate, secret, countries, **criteria)
        interviewees = admit_interviews(listed.table(), register.table(), gate, secret, countries, **criteria)
    else:
        answers = read_questionnaires(
            sources, read_instruments(instruments), people=None, settings=settings, decisions=decisions, gate=gate
        )
        respondents = [person for person, _entry, _file in answers.respondents()]
        known |= {*respondents}
        tables = without_register(respondents, gate, secret)
        interviewees = admit_interviews(listed.table(), None, gate, secret, countries, **criteria)
    strangers = [*gate.unknown(known, panels=False), *([] if registered else withdrawn_alike(gate, known))]
    if strangers:
        raise DataError("\n".join(one.sentence() for one in strangers))
    status = dict(zip(tables["pseudonyms"]["participant"], tables["pseudonyms"]["status"], strict=True))
    heard = dict(zip(interviewees["interview"], interviewees["status"], strict=True))
    fates = [
        # Who takes part in the interviews only is not part of the survey.
        *(
            (one["source"], one["unit"], status.get(one["participant"]) or gate.fate(SURVEY, one["participant"]))
            for one in register.records
        ),
        *((one["source"], one["unit"], ADMITTED) for one in withdrawals.records),
        *((one["source"], one["unit"], heard[one["interview"]]) for one in listed.records),
    ]
    rows = account([*register.ledger, *withdrawals.ledger, *listed.ledger], fates)
    honoured = [{"file": one.path, "sha256": digest(one.path)} for one in of_kind(sources, "withdrawals")]
    return {**tables, "interviewees": interviewees, "withdrawals": honoured, "rows": rows}
