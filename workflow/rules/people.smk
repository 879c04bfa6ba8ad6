"""People: who may take part, under which pseudonym.

Needs   the register and the list of withdrawals (or, in a study without a register, the questionnaires), the list of interviews.
Makes   restricted/people/pseudonyms.parquet     raw id, pseudonym, status
        restricted/people/participants.parquet   admitted participants
        restricted/people/screening.parquet      status and reason without any id
        restricted/people/interviewees.parquet   interviews that may be heard
        restricted/people/withdrawals.csv        the lists of withdrawals that the results honour, by digest
        restricted/quality/rows_people.csv       rows accounted for
Config  participants, study.cohorts, sites
"""


rule admit_participants:
    input:
        raw=study.raw("register", "withdrawals", "interview_list", *study.respondents()),
        sites=study.files("sites"),
        instruments=study.instruments if study.respondents() else [],
        key=study.files("key"),
        code=code("admit_participants"),
    output:
        pseudonyms="results/restricted/people/pseudonyms.parquet",
        participants="results/restricted/people/participants.parquet",
        screening="results/restricted/people/screening.parquet",
        interviewees="results/restricted/people/interviewees.parquet",
        withdrawals="results/restricted/people/withdrawals.csv",
        rows="results/restricted/quality/rows_people.csv",
    log:
        "logs/admit_participants.log",
    benchmark:
        "benchmarks/admit_participants.tsv"
    conda:
        "../../environment.yml"
    params:
        pins=study.pins(
            "register", "withdrawals", "interview_list", *study.respondents()
        ),
        sources=study.rows(
            "register", "withdrawals", "interview_list", *study.respondents()
        ),
        cohorts=list(study.config["study"]["cohorts"]),
        criteria=study.criteria(),
        settings=study.settings(),
        tiers=study.limits("internal"),
    message:
        "Admitting participants: consent, eligibility, withdrawals, pseudonyms"
    script:
        "../scripts/admit_participants.py"
