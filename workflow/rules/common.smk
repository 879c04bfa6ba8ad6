"""Shared by all rules: the study as configured. No rules here.

`study` answers what a rule must declare: raw files and their digests, sheet rows, instruments, results of other rules, and the
package modules behind its script. See workflow/scripts/piloteval/plan.py.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "workflow" / "scripts"))

from piloteval import summary
from piloteval.errors import PilotError
from piloteval.plan import AUDIENCES, CERTIFIED, PANEL, Study, code

try:
    study = Study(config)
except PilotError as fault:
    sys.exit(str(fault))

# The check is no input of the other rules: a new check of one file is no reason to compute the results of another again, and
# `ancient()` would hide a rule's own reasons to run (Snakemake 9 passes over every job downstream of one that runs). Instead the
# check starts first, and every rule that reads raw files refuses by itself what the check would stop.
CHECK_FIRST = 100


wildcard_constraints:
    tier="|".join(AUDIENCES.values()),
    format="html|docx|pdf",
