"""Qualitative: transcripts, segments, codes, coders, themes.

Needs   transcripts, the interviews that may be heard, the codebook, codings of people.
Makes   restricted/interviews/   stored texts, sentences, suggestions, codings, disagreements
        internal/interviews/     counts of interviews by language, code and theme; agreement of coders
        restricted/quality/rows_interviews.csv, rows_codings.csv   rows accounted for
Config  interviews, statistics.confidence
"""


rule prepare_transcripts:
    input:
        interviewees="results/restricted/people/interviewees.parquet",
        raw=study.raw("transcript"),
        code=code("prepare_transcripts"),
    output:
        texts="results/restricted/interviews/texts.parquet",
        segments="results/restricted/interviews/segments.parquet",
        transcripts=report(
            "results/internal/interviews/transcripts.csv",
            caption="../report/prepare_transcripts.rst",
            category="Interviews",
        ),
        rows="results/restricted/quality/rows_interviews.csv",
    log:
        "logs/prepare_transcripts.log",
    benchmark:
        "benchmarks/prepare_transcripts.tsv"
    conda:
        "../../environment.yml"
    params:
        pins=study.pins("transcript"),
        sources=study.rows("transcript"),
        settings=study.settings(),
        tiers=study.limits("internal"),
    message:
        "Preparing the transcripts: turns and sentences"
    script:
        "../scripts/prepare_transcripts.py"


rule code_segments:
    input:
        segments="results/restricted/interviews/segments.parquet",
        codebook=study.files("codebook"),
        code=code("code_segments"),
    output:
        suggestions="results/restricted/interviews/suggestions.parquet",
    log:
        "logs/code_segments.log",
    benchmark:
        "benchmarks/code_segments.tsv"
    conda:
        "../../environment.yml"
    params:
        tiers=study.limits("internal"),
    message:
        "Suggesting codes for the sentences by the dictionary"
    script:
        "../scripts/code_segments.py"


rule check_coders:
    input:
        texts="results/restricted/interviews/texts.parquet",
        segments="results/restricted/interviews/segments.parquet",
        suggestions="results/restricted/interviews/suggestions.parquet",
        interviewees="results/restricted/people/interviewees.parquet",
        raw=study.raw("coding", "transcript"),
        codebook=study.files("codebook"),
        code=code("check_coders"),
    output:
        codings="results/restricted/interviews/codings.parquet",
        disagreements="results/restricted/interviews/disagreements.csv",
        agreement=report(
            "results/internal/interviews/agreement.csv",
            caption="../report/check_coders.rst",
            category="Interviews",
        ),
        rows="results/restricted/quality/rows_codings.csv",
    log:
        "logs/check_coders.log",
    benchmark:
        "benchmarks/check_coders.tsv"
    conda:
        "../../environment.yml"
    params:
        pins=study.pins("coding", "transcript"),
        sources=study.rows("coding", "transcript"),
        settings=study.settings(),
        confidence=study.config["statistics"]["confidence"],
        tiers=study.limits("internal"),
    message:
        "Checking the agreement of the coders"
    script:
        "../scripts/check_coders.py"


rule build_themes:
    input:
        segments="results/restricted/interviews/segments.parquet",
        suggestions="results/restricted/interviews/suggestions.parquet",
        codebook=study.files("codebook"),
        code=code("build_themes"),
    output:
        codes="results/internal/interviews/codes.csv",
        themes=report(
            "results/internal/interviews/themes.csv",
            caption="../report/build_themes.rst",
            category="Interviews",
        ),
    log:
        "logs/build_themes.log",
    benchmark:
        "benchmarks/build_themes.tsv"
    conda:
        "../../environment.yml"
    params:
        tiers=study.limits("internal"),
    message:
        "Building the theme by cohort matrix"
    script:
        "../scripts/build_themes.py"
