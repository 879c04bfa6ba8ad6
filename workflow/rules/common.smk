"""Shared by all rules: the study as configured. No rules here.

`study` answers what a rule must declare: raw files and their digests, sheet rows, instruments, results of other rules, and the
package modules behind its script. See workflow/scripts/piloteval/plan.py.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "workflow" / "scripts"))

from piloteval import summary
from piloteval.errors import PilotError
from piloteval.plan import AUDIENCES, Study, code

try:
    study = Study(config)
except PilotError as fault:
    sys.exit(str(fault))

# Checked inputs come first, but a new check of one file is no reason to compute the results of another again: every rule names the
# raw files it reads itself, so this input only gives the order.
CHECKED = ancient("results/internal/quality/problems.csv")


wildcard_constraints:
    tier="|".join(AUDIENCES.values()),
    format="html|docx|pdf",
