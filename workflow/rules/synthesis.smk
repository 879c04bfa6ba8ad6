"""Synthesis: outcomes beside themes.

Needs   the change in the outcomes, the themes.
Makes   internal/synthesis/joint_display.csv
Config  synthesis
"""


rule join_findings:
    input:
        outcomes="results/internal/change/outcomes.csv",
        themes="results/internal/interviews/themes.csv",
        code=code("join_findings"),
    output:
        display=report(
            "results/internal/synthesis/joint_display.csv",
            caption="../report/join_findings.rst",
            category="Synthesis",
        ),
    log:
        "logs/join_findings.log",
    benchmark:
        "benchmarks/join_findings.tsv"
    conda:
        "../../environment.yml"
    params:
        constructs=study.config["synthesis"]["constructs"],
        tiers=study.limits("internal"),
    message:
        "Joining measured change and themes in the joint display"
    script:
        "../scripts/join_findings.py"
