# RESCUE pilot evaluation: from raw pilot data to the evaluation report.
#
#   snakemake            makes the report           snakemake check          only checks the raw files
#   snakemake -n         tells what would run       snakemake reliability    (change, certification, consensus, themes)
#
# Another study: snakemake -s <this repository>/Snakefile -d <study folder>
from snakemake.utils import min_version

min_version("9.17.3")


configfile: "config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/intake.smk"
include: "workflow/rules/people.smk"
include: "workflow/rules/measures.smk"
include: "workflow/rules/qualitative.smk"
include: "workflow/rules/synthesis.smk"
include: "workflow/rules/release.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        study.reports(),
        "results/internal/provenance/manifest.csv",
        study.only("interviews", "results/restricted/coding/precoded.qdpx"),


rule check:
    input:
        "results/internal/quality/problems.csv",


rule reliability:
    input:
        "results/internal/quality/problems.csv",
        study.results(parts=["reliability"]),


rule change:
    input:
        "results/internal/quality/problems.csv",
        study.results(parts=["change"]),


rule certification:
    input:
        "results/internal/quality/problems.csv",
        study.results(parts=["certification"]),


rule consensus:
    input:
        "results/internal/quality/problems.csv",
        study.results(parts=["consensus"]),


rule themes:
    input:
        "results/internal/quality/problems.csv",
        study.results(parts=["interviews", "coders"]),


onstart:
    summary.begin(study, workflow.dag)


onsuccess:
    summary.end(study)


onerror:
    summary.stopped(log)
