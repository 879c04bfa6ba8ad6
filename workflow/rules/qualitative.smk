"""Qualitative: transcripts, segments, codes, coders, themes.

Needs   transcripts, the interviews that may be heard, the deny-list, sign-offs, labels of a person, the codebook, codings of people.
Makes   restricted/interviews/   texts without names, the page to sign them off, what was replaced, sentences, suggestions, codings
        internal/interviews/     counts of interviews by code and theme; how many details were replaced
        internal/themes/         agreement of coders; groups, pairs and saturation of themes; the codebook
        restricted/coding/       projects for coders, final codes, what is open, coded transcripts
        restricted/quality/rows_interviews.csv, rows_codings.csv   rows accounted for
Config  interviews, statistics.confidence
"""

TEXTS = ("transcript", "deny_list", "signoff", "identifiers")
CODINGS = ("coding", "coder_work", "code_decisions", "claim_decisions", "transcript")


rule prepare_transcripts:
    input:
        interviewees="results/restricted/people/interviewees.parquet",
        raw=study.raw(*TEXTS),
        sites=study.files("sites"),
        code=code("prepare_transcripts"),
    output:
        texts="results/restricted/interviews/texts.parquet",
        segments="results/restricted/interviews/segments.parquet",
        replacements="results/restricted/interviews/replacements.parquet",
        unknown="results/restricted/interviews/unknown_words.csv",
        review="results/restricted/interviews/review.html",
        labelled="results/restricted/interviews/labelled.csv",
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
        pins=study.pins(*TEXTS),
        sources=study.rows(*TEXTS),
        settings=study.settings(),
        models=study.config["interviews"]["entity_models"],
        banner=study.about()["banner"],
        tiers=study.limits("internal"),
    message:
        "Preparing the transcripts: names out, turns and sentences"
    script:
        "../scripts/prepare_transcripts.py"


rule measure_recall:
    input:
        labelled="results/restricted/interviews/labelled.csv",
        code=code("measure_recall"),
    output:
        recall=report(
            "results/internal/interviews/deidentification.csv",
            caption="../report/measure_recall.rst",
            category="Interviews",
        ),
    log:
        "logs/measure_recall.log",
    benchmark:
        "benchmarks/measure_recall.tsv"
    conda:
        "../../environment.yml"
    params:
        confidence=study.config["statistics"]["confidence"],
        tiers=study.limits("internal"),
    message:
        "Measuring how much of what identifies people was replaced"
    script:
        "../scripts/measure_recall.py"


rule code_segments:
    input:
        segments="results/restricted/interviews/segments.parquet",
        codebook=study.files("codebook"),
        code=code("code_segments"),
    output:
        suggestions="results/restricted/interviews/suggestions.parquet",
        machines="results/restricted/interviews/machines.parquet",
    log:
        "logs/code_segments.log",
    benchmark:
        "benchmarks/code_segments.tsv"
    conda:
        "../../environment.yml"
    params:
        machines=study.config["interviews"]["machine_coders"],
        tiers=study.limits("internal"),
    message:
        "Suggesting codes for the sentences by the dictionary"
    script:
        "../scripts/code_segments.py"


rule compare_codebooks:
    input:
        segments="results/restricted/interviews/segments.parquet",
        former=study.files("former_codebook"),
        codebook=study.files("codebook"),
        code=code("compare_codebooks"),
    output:
        changes=report(
            "results/internal/themes/codebook_changes.csv",
            caption="../report/compare_codebooks.rst",
            category="Interviews",
        ),
    log:
        "logs/compare_codebooks.log",
    benchmark:
        "benchmarks/compare_codebooks.tsv"
    conda:
        "../../environment.yml"
    params:
        tiers=study.limits("internal"),
    message:
        "Comparing the codebook with the version before"
    script:
        "../scripts/compare_codebooks.py"


rule export_coding:
    input:
        texts="results/restricted/interviews/texts.parquet",
        suggestions="results/restricted/interviews/suggestions.parquet",
        codebook=study.files("codebook"),
        code=code("export_coding"),
    output:
        precoded="results/restricted/coding/precoded.qdpx",
        blind="results/restricted/coding/second_coder.qdpx",
        codes="results/restricted/coding/codebook.qdc",
        page="results/internal/themes/codebook.html",
    log:
        "logs/export_coding.log",
    benchmark:
        "benchmarks/export_coding.tsv"
    conda:
        "../../environment.yml"
    params:
        about=study.about(),
        drawn=study.config["interviews"]["second_coder"],
    message:
        "Exporting the interviews for coders, in the format their tools exchange"
    script:
        "../scripts/export_coding.py"


rule check_coders:
    input:
        texts="results/restricted/interviews/texts.parquet",
        segments="results/restricted/interviews/segments.parquet",
        suggestions="results/restricted/interviews/suggestions.parquet",
        machines="results/restricted/interviews/machines.parquet",
        replacements="results/restricted/interviews/replacements.parquet",
        interviewees="results/restricted/people/interviewees.parquet",
        raw=study.raw(*CODINGS),
        codebook=study.files("codebook"),
        code=code("check_coders"),
    output:
        codings="results/restricted/interviews/codings.parquet",
        disagreements="results/restricted/coding/disagreements.csv",
        final="results/restricted/coding/final.parquet",
        counted="results/restricted/coding/counted.parquet",
        worked="results/restricted/coding/worked.parquet",
        unused="results/restricted/coding/decisions_unused.csv",
        open="results/restricted/coding/open.csv",
        units=report(
            "results/internal/themes/agreement.csv",
            caption="../report/check_coders.rst",
            category="Interviews",
        ),
        outcomes="results/internal/themes/outcomes.csv",
        claims="results/internal/themes/claims.csv",
        rows="results/restricted/quality/rows_codings.csv",
    log:
        "logs/check_coders.log",
    benchmark:
        "benchmarks/check_coders.tsv"
    conda:
        "../../environment.yml"
    params:
        pins=study.pins(*CODINGS),
        sources=study.rows(*CODINGS),
        settings=study.settings(),
        final_codes=study.config["interviews"]["final_codes"],
        confidence=study.config["statistics"]["confidence"],
        tiers=study.limits("internal"),
    message:
        "Checking the agreement of the coders"
    script:
        "../scripts/check_coders.py"


rule map_themes:
    input:
        suggestions="results/restricted/interviews/suggestions.parquet",
        segments="results/restricted/interviews/segments.parquet",
        texts="results/restricted/interviews/texts.parquet",
        codings=study.only("coders", "results/restricted/interviews/codings.parquet"),
        final=study.only("coders", "results/restricted/coding/final.parquet"),
        counted=study.only("coders", "results/restricted/coding/counted.parquet"),
        interviewees="results/restricted/people/interviewees.parquet",
        sites=study.files("sites"),
        codebook=study.files("codebook"),
        code=code("map_themes"),
    output:
        matrix=report(
            "results/internal/themes/matrix.csv",
            caption="../report/map_themes.rst",
            category="Interviews",
        ),
        dimensions="results/internal/themes/dimensions.csv",
        cooccurrence="results/internal/themes/cooccurrence.csv",
        saturation="results/internal/themes/saturation.csv",
        curve="results/internal/themes/saturation_curve.csv",
        frequency="results/internal/themes/code_frequency.csv",
        cases="results/restricted/coding/cases.parquet",
        steps="results/restricted/coding/steps.parquet",
        pairs="results/restricted/coding/pairs.csv",
        page="results/restricted/coding/coded.html",
    log:
        "logs/map_themes.log",
    benchmark:
        "benchmarks/map_themes.tsv"
    conda:
        "../../environment.yml"
    params:
        about=study.about(),
        confidence=study.config["statistics"]["confidence"],
        tiers=study.limits("internal"),
    message:
        "Mapping the themes: groups, what comes together, saturation"
    script:
        "../scripts/map_themes.py"


rule build_themes:
    input:
        segments="results/restricted/interviews/segments.parquet",
        suggestions="results/restricted/interviews/suggestions.parquet",
        counted=study.only("coders", "results/restricted/coding/counted.parquet"),
        claims=study.only("coders", "results/internal/themes/claims.csv"),
        codebook=study.files("codebook"),
        code=code("build_themes"),
    output:
        basis="results/internal/themes/basis.csv",
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


rule choose_quotes:
    input:
        texts="results/restricted/interviews/texts.parquet",
        segments="results/restricted/interviews/segments.parquet",
        suggestions="results/restricted/interviews/suggestions.parquet",
        counted=study.only("coders", "results/restricted/coding/counted.parquet"),
        interviewees="results/restricted/people/interviewees.parquet",
        raw=study.raw("approved_quotes"),
        codebook=study.files("codebook"),
        code=code("choose_quotes"),
    output:
        quotes=report(
            "results/internal/themes/quotes.csv",
            caption="../report/choose_quotes.rst",
            category="Interviews",
        ),
        register="results/restricted/coding/quotes.csv",
    log:
        "logs/choose_quotes.log",
    benchmark:
        "benchmarks/choose_quotes.tsv"
    conda:
        "../../environment.yml"
    params:
        pins=study.pins("approved_quotes"),
        sources=study.rows("approved_quotes"),
        settings=study.settings(),
        roles=study.config["interviews"]["role_labels"],
        tiers=study.limits("internal"),
    message:
        "Choosing among the quotes that people have approved"
    script:
        "../scripts/choose_quotes.py"
