"""Report: figures, provenance, the evaluation report for each audience and format.

Needs   the tables of a tier; all result tables for the manifest.
Makes   <tier>/figures/*.png             figures drawn from the tables of the same tier
        internal/provenance/*.csv        result files with digests, software, study
        <tier>/quality/accounting.csv    rows read = analysed + quarantined + excluded + withdrawn; by file in the restricted tier
        <tier>/report/evaluation.<format>
Config  report, study; all of the configuration for the provenance
"""


rule draw_figures:
    input:
        tables=study.figure_tables(),
        code=code("draw_figures"),
    output:
        figures=study.figure_files(),
        alt=report(
            study.alt_texts(), caption="../report/draw_figures.rst", category="Figures"
        ),
    log:
        "logs/draw_figures.log",
    benchmark:
        "benchmarks/draw_figures.tsv"
    conda:
        "../../environment.yml"
    threads: 2
    params:
        figures={tier: study.figures(tier) for tier in study.tiers_shown()},
        labels=study.labels(),
        tiers=study.limits("release"),
    message:
        "Drawing the figures"
    script:
        "../scripts/draw_figures.py"


rule write_provenance:
    input:
        results=[*study.results(), *study.released(), *study.figure_files()],
        ledgers=study.ledgers(),
        rows="results/restricted/quality/rows_read.csv",
        catalogues=study.catalogues(),
        code=code("write_provenance"),
        program=study.program(),
    output:
        manifest=report(
            "results/internal/provenance/manifest.csv",
            caption="../report/write_provenance.rst",
            category="Provenance",
        ),
        software="results/internal/provenance/software.csv",
        study="results/internal/provenance/study.csv",
        rows="results/restricted/quality/accounting.csv",
        accounting="results/internal/quality/accounting.csv",
        released="results/release/quality/accounting.csv",
    log:
        "logs/write_provenance.log",
    benchmark:
        "benchmarks/write_provenance.tsv"
    conda:
        "../../environment.yml"
    params:
        pins=study.pins(),
        config=study.config,
        rules={str(path): one.name for one in workflow.rules for path in one.output},
        tiers=study.limits("release"),
    message:
        "Writing down where the results come from, and checking that every row is accounted for"
    script:
        "../scripts/write_provenance.py"


rule render_report:
    input:
        tables=lambda wildcards: study.report_tables(wildcards.tier),
        figures=lambda wildcards: study.figure_files(wildcards.tier),
        alt="results/{tier}/figures/alt.csv",
        instruments=study.instruments,
        pages=study.pages(),
        code=code("render_report"),
        filters=study.report_assets(),
    output:
        page=report(
            "results/{tier}/report/evaluation.{format}",
            caption="../report/render_report.rst",
            category="Report",
        ),
    log:
        "logs/render_report.{tier}.{format}.log",
    benchmark:
        "benchmarks/render_report.{tier}.{format}.tsv"
    conda:
        "../../environment.yml"
    params:
        facts=study.report_facts(),
        engine=study.engine(),
        tiers=study.limits("release"),
    message:
        "Rendering the report ({wildcards.tier}, {wildcards.format})"
    script:
        "../scripts/render_report.py"
