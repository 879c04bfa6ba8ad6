"""Intake: read every raw file once and tell every problem at once.

Needs   the landing sheet, the ledger of received files, all raw files, instruments, standards, statements, codebook.
Makes   internal/quality/problems.csv       problems with file, row, column and remedy; a STOP ends the run here
        internal/quality/data_quality.html  the same for the institutions: what was received, what waits, for whom
        internal/quality/files.csv          raw files with form, platform, size and digest
        restricted/quality/rows_read.csv    how many entries each file and wave has
        restricted/quality/problems.csv     the problems with the values set aside
        restricted/people/deletions.csv     rows of people who withdrew or did not consent, which a person must delete
        Where a problem stops the run, the three lists of problems are kept in the folders `stopped` beside them.
Config  inputs, study.cohorts, study.waves, study.languages, participants, instruments, outcomes, certification.standards, consensus, interviews
"""


rule check_inputs:
    input:
        sheet=study.config["inputs"]["sheet"],
        sites=study.files("sites"),
        raw=study.raw(),
        instruments=study.instruments,
        standards=study.files("standards"),
        statements=study.files("statements"),
        codebook=study.files("codebook"),
        received=study.files("received"),
        code=code("check_inputs"),
    output:
        problems=report(
            "results/internal/quality/problems.csv",
            caption="../report/check_inputs.rst",
            category="Data",
        ),
        files="results/internal/quality/files.csv",
        rows="results/restricted/quality/rows_read.csv",
        page="results/internal/quality/data_quality.html",
        values="results/restricted/quality/problems.csv",
        deletions="results/restricted/people/deletions.csv",
    log:
        "logs/check_inputs.log",
    benchmark:
        "benchmarks/check_inputs.tsv"
    priority: CHECK_FIRST
    conda:
        "../../environment.yml"
    params:
        pins=study.pins(),
        found=study.found(),
        cohorts=list(study.config["study"]["cohorts"]),
        outcomes=[one["scale"] for one in study.config["outcomes"]],
        settings=study.settings(),
        criteria=study.criteria(),
        about=study.about(),
        tiers=study.limits("internal"),
    message:
        "Checking the raw files against the sheet, the instruments and the catalogues"
    script:
        "../scripts/check_inputs.py"
