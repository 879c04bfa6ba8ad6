"""Release: what the public may see.

Needs   the internal tables.
Makes   release/...              tables under the limits of the release tier
        internal/release/withheld.csv   how many rows are withheld, and why
Config  tiers
"""


rule release_tables:
    input:
        tables=study.released_from(),
        code=code("release_tables"),
    output:
        released=study.released(),
        withheld=report(
            "results/internal/release/withheld.csv",
            caption="../report/release_tables.rst",
            category="Release",
        ),
    log:
        "logs/release_tables.log",
    benchmark:
        "benchmarks/release_tables.tsv"
    conda:
        "../../environment.yml"
    params:
        tiers=study.limits("release"),
    message:
        "Making the tables for the public: small cells withheld, counts rounded"
    script:
        "../scripts/release_tables.py"
