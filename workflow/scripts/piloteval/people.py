"""Who is in the study: consent, eligibility, withdrawal, pseudonyms."""

from __future__ import annotations

import base64
import hmac
import secrets
import sys
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from piloteval.config import read_instruments, read_tsv
from piloteval.errors import ConfigError, DataError
from piloteval.intake.catalogue import problem
from piloteval.intake.decisions import read_decisions
from piloteval.intake.ledger import account
from piloteval.intake.questionnaires import read_questionnaires
from piloteval.intake.records import read_records
from piloteval.intake.sheet import Source, of_kind, require

if TYPE_CHECKING:
    import pandas as pd

ADMITTED, EXCLUDED, WITHDRAWN = "admitted", "excluded", "withdrawn"


def read_key(path: str | Path) -> bytes:
    """Read the secret key of the pseudonyms.

    Raises
    ------
    ConfigError
        There is no such file, or it does not hold 32 bytes.
    """
    path = Path(path)
    if not path.is_file():
        raise ConfigError(
            f"{path}: the key file of the pseudonyms is missing. "
            "Make one with `make key`, or correct `participants.key_file`."
        )
    key = path.read_bytes()
    if len(key) != 32:
        raise ConfigError(f"{path}: the key has {len(key)} bytes; expected 32. Make a new one with `make key`.")
    return key


def pseudonym(key: bytes, domain: str, identifier: str) -> str:
    """Return the pseudonym of an identifier in a domain.

    Parameters
    ----------
    key : bytes
        Secret of 32 bytes.
    domain : str
        ``survey`` or ``interview``; the same person has different pseudonyms in different domains.
    identifier : str
        The raw id.

    Returns
    -------
    str
        Ten letters and digits: the first 50 bits of HMAC-SHA-256 (RFC 2104)
        over domain and identifier, in base 32 (RFC 4648).
    """
    mac = hmac.digest(key, f"{domain}\0{identifier}".encode(), "sha256")
    return base64.b32encode(mac)[:10].decode().lower()


def _pseudonyms(key: bytes, domain: str, identifiers: Iterable[str]) -> dict[str, str]:
    """Return pseudonyms of distinct identifiers, refusing the rare collision."""
    names = {identifier: pseudonym(key, domain, identifier) for identifier in identifiers}
    if len(set(names.values())) != len(names):
        raise DataError("Two participants would get the same pseudonym. Make a new key with `make key` and run again.")
    return names


def reason_to_exclude(
    person: dict[str, Any],
    *,
    consent: str,
    min_age: float | None,
    min_experience_years: float | None,
    professions: Collection[str],
    require_affiliation: bool,
) -> str:
    """Return why a registered person cannot take part, or an empty text.

    Consent comes first: of a person without consent nothing else is looked at. A criterion that cannot be checked
    because the register is silent excludes as well.
    """
    if person[consent] != "yes":
        return "no consent"
    for limit, column, below in (
        (min_age, "age", "under the minimum age"),
        (min_experience_years, "experience_years", "too little professional experience"),
    ):
        if limit is not None:
            value = person[column]
            if value is None or value != value:
                return f"{column.replace('_', ' ')} not recorded"
            if value < limit:
                return below
    if professions and person["profession"] not in professions:
        return "profession not in the study"
    if require_affiliation and person["affiliated"] != "yes":
        return "not affiliated"
    return ""


def _refuse_unknown(withdrawals: pd.DataFrame, known: Iterable[str]) -> None:
    """Stop when a withdrawal names somebody who is not known."""
    known = set(known)
    for one in withdrawals.to_dict("records"):
        if one["participant"] not in known:
            raise DataError(
                problem("person.withdrawal", str(one["source"]), row=int(one["row"]), column="participant").sentence()
            )


def admit(
    register: pd.DataFrame,
    withdrawals: pd.DataFrame,
    key: bytes,
    countries: dict[str, str],
    *,
    set_aside: Collection[str] = (),
    **criteria: Any,
) -> dict[str, pd.DataFrame]:
    """Decide on every registered person and give the admitted ones a pseudonym.

    Parameters
    ----------
    register : pandas.DataFrame, shape (people, columns of the register)
        The typed register.
    withdrawals : pandas.DataFrame
        Columns ``participant`` and ``scope``; scope ``survey`` or ``all`` takes a person out of the survey.
    key : bytes
        Key of the pseudonyms.
    countries : dict of str to str
        Country of each site.
    set_aside : collection of str
        Ids whose row in the register was set aside; a withdrawal may name them.
    **criteria
        Passed to :func:`reason_to_exclude`.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``pseudonyms`` (one row a registered person), ``participants`` (admitted),
        ``screening`` (status without any id).

    Raises
    ------
    DataError
        A withdrawal names somebody who is not registered.
    """
    import pandas as pd

    out = (
        set(withdrawals.loc[withdrawals["scope"].isin(["survey", "all"]), "participant"]) if len(withdrawals) else set()
    )
    _refuse_unknown(withdrawals, [*register["participant"], *set_aside])
    status, reasons = [], []
    for person in register.to_dict("records"):
        reason = reason_to_exclude(person, consent="consent_survey", **criteria)
        if person["participant"] in out:
            status.append(WITHDRAWN)
            reasons.append("withdrew")
        else:
            status.append(EXCLUDED if reason else ADMITTED)
            reasons.append(reason)
    decided = register.assign(status=status, reason=reasons, country=register["site"].map(countries).fillna(""))
    admitted = decided[decided["status"] == ADMITTED]
    names = _pseudonyms(key, "survey", admitted["participant"])
    decided = decided.assign(person=[names.get(one, "") for one in decided["participant"]])
    columns = ["person", "site", "country", "cohort", "profession", "age", "experience_years"]
    return {
        "pseudonyms": decided[["participant", "person", "status", "reason"]],
        # Sorted by pseudonym, so that the order of the register, which often is the order of enrolment, is not kept.
        "participants": pd.DataFrame(decided.loc[decided["status"] == ADMITTED, columns]).sort_values("person"),
        "screening": decided[["cohort", "status", "reason"]].sort_values(["cohort", "status", "reason"]),
    }


def without_register(participants: Iterable[str], withdrawn: Collection[str] = ()) -> dict[str, pd.DataFrame]:
    """Admit every respondent of a study without a register who did not withdraw; nothing else is checked here."""
    import pandas as pd

    people = list(dict.fromkeys(participants))
    pseudonyms = pd.DataFrame(
        {
            "participant": people,
            "person": [f"r{place:05d}" for place in range(1, len(people) + 1)],
            "status": [WITHDRAWN if one in withdrawn else ADMITTED for one in people],
            "reason": ["withdrew" if one in withdrawn else "" for one in people],
        }
    )
    blank = dict.fromkeys(("site", "country", "cohort", "profession"), "") | dict.fromkeys(
        ("age", "experience_years"), None
    )
    participants_table = pseudonyms.loc[pseudonyms["status"] == ADMITTED, ["person"]].assign(**blank)
    screening = pseudonyms[["status", "reason"]].assign(cohort="")
    return {"pseudonyms": pseudonyms, "participants": participants_table, "screening": screening}


def admit_interviews(
    interviews: pd.DataFrame,
    register: pd.DataFrame | None,
    withdrawals: pd.DataFrame,
    key: bytes | None,
    countries: dict[str, str],
    **criteria: Any,
) -> pd.DataFrame:
    """Decide on every interview: the interviewee must be admitted and have consented to the interview.

    Parameters
    ----------
    interviews : pandas.DataFrame
        The list of interviews; ``participant`` may be empty in a study without a register.
    register, withdrawals, key, countries, **criteria
        As in :func:`admit`; without a register every listed interview is admitted that was not withdrawn.

    Returns
    -------
    pandas.DataFrame
        One row an interview with the speaker's pseudonym of the domain ``interview``, cohort, site and status.
    """
    import pandas as pd

    people = {} if register is None else {one["participant"]: one for one in register.to_dict("records")}
    out = (
        set(withdrawals.loc[withdrawals["scope"].isin(["interview", "all"]), "participant"])
        if len(withdrawals)
        else set()
    )
    rows = []
    for one in interviews.to_dict("records"):
        person = people.get(one["participant"])
        status, reason = ADMITTED, ""
        if one["participant"] in out:
            status, reason = WITHDRAWN, "withdrew"
        elif register is not None:
            reason = "not in the register"
            if person is not None:
                reason = reason_to_exclude(person, consent="consent_interview", **criteria)
            status = EXCLUDED if reason else ADMITTED
        place = person or one
        identifier = one["participant"] or one["interview"]
        rows.append(
            {
                "interview": one["interview"],
                "speaker": pseudonym(key, "interview", identifier) if key and status == ADMITTED else "",
                "cohort": place["cohort"],
                "site": place["site"],
                "country": countries.get(place["site"], ""),
                "minutes": one["minutes"],
                "status": status,
                "reason": reason,
            }
        )
    columns = ["interview", "speaker", "cohort", "site", "country", "minutes", "status", "reason"]
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
) -> dict[str, pd.DataFrame]:
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
    """
    places = read_tsv(sites[0], "sites") if sites else []
    countries = {one["site"]: one["country"] for one in places}
    domains = {"sites": list(countries), "cohorts": cohorts}
    decisions = read_decisions(sources)
    register, withdrawals, listed = (
        read_records(kind, of_kind(sources, kind), domains, decisions=decisions)
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
    if registered:
        tables = admit(register.table(), withdrawals.table(), secret, countries, set_aside=register.seen, **criteria)
        interviewees = admit_interviews(
            listed.table(), register.table(), withdrawals.table(), secret, countries, **criteria
        )
    else:
        answers = read_questionnaires(
            sources, read_instruments(instruments), people=None, settings=settings, decisions=decisions
        )
        respondents = [person for person, _entry, _file in answers.respondents()]
        _refuse_unknown(withdrawals.table(), [*respondents, *(one["participant"] for one in listed.records)])
        out = {one["participant"] for one in withdrawals.records if one["scope"] in ("survey", "all")}
        tables = without_register(respondents, out)
        interviewees = admit_interviews(listed.table(), None, withdrawals.table(), secret, countries, **criteria)
    status = dict(zip(tables["pseudonyms"]["participant"], tables["pseudonyms"]["status"], strict=True))
    heard = dict(zip(interviewees["interview"], interviewees["status"], strict=True))
    fates = [
        *((one["source"], one["unit"], status[one["participant"]]) for one in register.records),
        *((one["source"], one["unit"], ADMITTED) for one in withdrawals.records),
        *((one["source"], one["unit"], heard[one["interview"]]) for one in listed.records),
    ]
    rows = account([*register.ledger, *withdrawals.ledger, *listed.ledger], fates)
    return {**tables, "interviewees": interviewees, "rows": rows}


def make_key(path: str | Path) -> None:
    """Write a new secret key that only its owner can read.

    Raises
    ------
    ConfigError
        The file exists; a key is never overwritten, since its pseudonyms would be lost.
    """
    import os

    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigError(f"{path}: there is a key already. Keep it, or move it away before making another.") from None
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(32))


if __name__ == "__main__":
    make_key(sys.argv[1])
    print(f"A new key is in {sys.argv[1]}. Move it outside the repository and name it in participants.key_file.")
