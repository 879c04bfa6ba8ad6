"""Measures: scores, sample, reliability, change, certification, consensus.

Needs   admitted participants, questionnaires, audits, ratings, indicators, Delphi rounds.
Makes   restricted/measures/   answers and scores a participant
        internal/sample/, internal/reliability/, internal/change/, internal/certification/, internal/consensus/
        restricted/quality/rows_*.csv rows accounted for
Config  study.waves, instruments, outcomes, change, certification, consensus, statistics
"""


rule score_scales:
    input:
        pseudonyms="results/restricted/people/pseudonyms.parquet",
        participants="results/restricted/people/participants.parquet",
        raw=study.raw("questionnaire"),
        instruments=study.instruments,
        code=code("score_scales"),
    output:
        responses="results/restricted/measures/responses.parquet",
        scores="results/restricted/measures/scores.parquet",
        rows="results/restricted/quality/rows_questionnaires.csv",
    log:
        "logs/score_scales.log",
    benchmark:
        "benchmarks/score_scales.tsv"
    conda:
        "../../environment.yml"
    params:
        pins=study.pins("questionnaire"),
        sources=study.rows("questionnaire"),
        registered=study.has("register"),
        settings=study.settings(),
        tiers=study.limits("internal"),
    message:
        "Scoring the questionnaires"
    script:
        "../scripts/score_scales.py"


rule describe_sample:
    input:
        screening="results/restricted/people/screening.parquet",
        participants="results/restricted/people/participants.parquet",
        scores="results/restricted/measures/scores.parquet",
        interviewees="results/restricted/people/interviewees.parquet",
        sites=study.files("sites"),
        instruments=study.instruments,
        code=code("describe_sample"),
    output:
        flow=report(
            "results/internal/quality/flow.csv",
            caption="../report/describe_sample.rst",
            category="Sample",
        ),
        every_step="results/restricted/people/flow.csv",
        characteristics="results/internal/sample/characteristics.csv",
        waves="results/internal/sample/waves.csv",
        scores="results/internal/sample/scores.csv",
    log:
        "logs/describe_sample.log",
    benchmark:
        "benchmarks/describe_sample.tsv"
    conda:
        "../../environment.yml"
    params:
        waves=study.waves(),
        countries=study.config["study"]["countries"],
        registered=study.has("register"),
        tiers=study.limits("internal"),
    message:
        "Describing the sample"
    script:
        "../scripts/describe_sample.py"


rule estimate_reliability:
    input:
        responses="results/restricted/measures/responses.parquet",
        instruments=study.instruments,
        code=code("estimate_reliability"),
    output:
        scales=report(
            "results/internal/reliability/scales.csv",
            caption="../report/estimate_reliability.rst",
            category="Reliability",
        ),
        item_statistics="results/internal/reliability/items.csv",
        answers="results/internal/reliability/answers.csv",
    log:
        "logs/estimate_reliability.log",
    benchmark:
        "benchmarks/estimate_reliability.tsv"
    conda:
        "../../environment.yml"
    params:
        waves=study.waves(),
        settings=study.config["reliability"],
        confidence=study.config["statistics"]["confidence"],
        min_n=study.config["statistics"]["min_n"],
        tiers=study.limits("internal"),
    message:
        "Estimating the reliability of the scales"
    script:
        "../scripts/estimate_reliability.py"


rule compare_raters:
    input:
        audits="results/restricted/certification/audits.parquet",
        ratings="results/restricted/certification/ratings.parquet",
        code=code("compare_raters"),
    output:
        raters=report(
            "results/internal/reliability/raters.csv",
            caption="../report/compare_raters.rst",
            category="Reliability",
        ),
    log:
        "logs/compare_raters.log",
    benchmark:
        "benchmarks/compare_raters.tsv"
    conda:
        "../../environment.yml"
    params:
        confidence=study.config["statistics"]["confidence"],
        rating_range=study.config["certification"]["rating_range"],
        draws=study.config["reliability"]["draws"],
        tiers=study.limits("internal"),
    message:
        "Comparing the raters: auditors, and those who rated the standards"
    script:
        "../scripts/compare_raters.py"


rule compare_waves:
    input:
        scores="results/restricted/measures/scores.parquet",
        responses="results/restricted/measures/responses.parquet",
        participants="results/restricted/people/participants.parquet",
        instruments=study.instruments,
        code=code("compare_waves"),
    output:
        outcomes=report(
            "results/internal/change/outcomes.csv",
            caption="../report/compare_waves.rst",
            category="Change",
        ),
        robustness="results/internal/change/robustness.csv",
        responders="results/internal/change/responders.csv",
        missing="results/internal/change/missing.csv",
        subgroups="results/internal/change/subgroups.csv",
        single_items="results/internal/change/items.csv",
        progression="results/internal/change/progression.csv",
        means="results/internal/change/means.csv",
        paths="results/internal/change/paths.csv",
        improved="results/internal/change/improved.csv",
    log:
        "logs/compare_waves.log",
    benchmark:
        "benchmarks/compare_waves.tsv"
    conda:
        "../../environment.yml"
    params:
        outcomes=study.config["outcomes"],
        settings=study.config["change"],
        waves=study.waves(),
        planned=study.config["study"]["registered_enrolment"],
        registered=study.has("register"),
        confidence=study.config["statistics"]["confidence"],
        min_n=study.config["statistics"]["min_n"],
        tiers=study.limits("internal"),
    message:
        "Comparing the waves"
    script:
        "../scripts/compare_waves.py"


rule assess_certification:
    input:
        raw=study.raw(*CERTIFIED),
        sites=study.files("sites"),
        standards=study.files("standards"),
        code=code("assess_certification"),
    output:
        standards=report(
            "results/internal/certification/standards.csv",
            caption="../report/assess_certification.rst",
            category="Certification",
        ),
        institutions="results/internal/certification/institutions.csv",
        verdicts="results/internal/certification/verdicts.csv",
        auditors="results/internal/certification/auditors.csv",
        disagreements="results/internal/certification/disagreements.csv",
        effort="results/internal/certification/effort.csv",
        audits="results/restricted/certification/audits.parquet",
        applications="results/restricted/certification/applications.parquet",
        given="results/restricted/certification/ratings.parquet",
        ratings="results/internal/certification/ratings.csv",
        validity="results/internal/certification/validity.csv",
        tracks="results/internal/certification/tracks.csv",
        proposals="results/internal/certification/proposals.csv",
        indicators="results/internal/certification/indicators.csv",
        correlations="results/internal/certification/correlations.csv",
        points="results/internal/certification/points.csv",
        rows="results/restricted/quality/rows_certification.csv",
    log:
        "logs/assess_certification.log",
    benchmark:
        "benchmarks/assess_certification.tsv"
    conda:
        "../../environment.yml"
    params:
        pins=study.pins(*CERTIFIED),
        sources=study.rows(*CERTIFIED),
        settings=study.settings(),
        agree_from=study.config["certification"]["rating_agree_from"],
        bars=study.bars(),
        draws=study.config["reliability"]["draws"],
        confidence=study.config["statistics"]["confidence"],
        tiers=study.limits("internal"),
    message:
        "Assessing the certification: audits, ratings, indicators"
    script:
        "../scripts/assess_certification.py"


rule decide_levels:
    input:
        audits="results/restricted/certification/audits.parquet",
        applications="results/restricted/certification/applications.parquet",
        sites=study.files("sites"),
        standards=study.files("standards"),
        levels=study.files("levels"),
        code=code("decide_levels"),
    output:
        decisions=report(
            "results/internal/certification/decisions.csv",
            caption="../report/decide_levels.rst",
            category="Certification",
        ),
        ladder="results/internal/certification/ladder.csv",
        missing="results/internal/certification/to_next_level.csv",
        alternatives="results/internal/certification/alternatives.csv",
        span="results/internal/certification/sensitivity.csv",
    log:
        "logs/decide_levels.log",
    benchmark:
        "benchmarks/decide_levels.tsv"
    conda:
        "../../environment.yml"
    params:
        decided_on=study.config["certification"]["decided_on"],
        tiers=study.limits("internal"),
    message:
        "Deciding the levels of the institutions"
    script:
        "../scripts/decide_levels.py"


rule profile_competences:
    input:
        scores="results/restricted/measures/scores.parquet",
        responses="results/restricted/measures/responses.parquet",
        indicators=study.raw("indicator"),
        standards=study.files("standards"),
        instruments=study.instruments,
        sites=study.files("sites"),
        code=code("profile_competences"),
    output:
        competences=report(
            "results/internal/certification/competences.csv",
            caption="../report/profile_competences.rst",
            category="Certification",
        ),
        training="results/internal/certification/training.csv",
        profiles="results/restricted/certification/competences.parquet",
    log:
        "logs/profile_competences.log",
    benchmark:
        "benchmarks/profile_competences.tsv"
    conda:
        "../../environment.yml"
    params:
        pins=study.pins("indicator"),
        sources=study.rows("indicator"),
        evaluation=study.config["certification"]["training_evaluation"],
        comparison=study.config["change"]["comparison"],
        waves=study.waves(),
        registered=study.has("register"),
        confidence=study.config["statistics"]["confidence"],
        tiers=study.limits("internal"),
    message:
        "Profiling the competences of peer supporters"
    script:
        "../scripts/profile_competences.py"


rule assess_consensus:
    input:
        raw=study.raw(*PANEL),
        statements=study.files("statements"),
        code=code("assess_consensus"),
    output:
        statements=report(
            "results/internal/consensus/statements.csv",
            caption="../report/assess_consensus.rst",
            category="Consensus",
        ),
        rounds="results/internal/consensus/rounds.csv",
        verdicts="results/internal/consensus/verdicts.csv",
        stability="results/internal/consensus/stability.csv",
        concordance="results/internal/consensus/concordance.csv",
        numbers="results/internal/consensus/numbers.csv",
        comment_counts="results/internal/consensus/comments.csv",
        comments="results/restricted/consensus/comments.csv",
        comments_page="results/restricted/consensus/comments.html",
        feedback="results/restricted/consensus/feedback.html",
        rows="results/restricted/quality/rows_consensus.csv",
    log:
        "logs/assess_consensus.log",
    benchmark:
        "benchmarks/assess_consensus.tsv"
    conda:
        "../../environment.yml"
    params:
        pins=study.pins(*PANEL),
        sources=study.rows(*PANEL),
        consensus=study.consensus(),
        invited=study.config["consensus"]["invited"],
        about=study.about(),
        settings=study.settings(),
        confidence=study.config["statistics"]["confidence"],
        tiers=study.limits("internal"),
    message:
        "Assessing the consensus of the Delphi panel"
    script:
        "../scripts/assess_consensus.py"
