"""The house keeps its plan: rooms in order, one name a rule, no undeclared dependency, generated files in step."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from piloteval import plan, upkeep
from piloteval.intake.catalogue import RULES
from piloteval.tables import CONTRACTS

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "workflow/scripts"
PACKAGE = SCRIPTS / "piloteval"
MODULES = sorted(PACKAGE.rglob("*.py"))
RULE_FILES = sorted((ROOT / "workflow/rules").glob("*.smk"))
NAMED = {
    "check_inputs", "admit_participants", "score_scales", "describe_sample", "estimate_reliability", "compare_raters", "compare_waves", "assess_certification", "decide_levels", "profile_competences",
    "assess_consensus", "prepare_transcripts", "measure_recall", "code_segments", "export_coding", "check_coders", "build_themes", "map_themes", "choose_quotes", "compare_codebooks", "join_findings", "release_tables",
    "draw_figures", "write_provenance", "render_report",
}  # fmt: skip

#: Rooms in the order of the way through the house; a module imports only from its own room and those before it.
ROOMS = ["intake", "people", "measures", "qualitative", "synthesis", "release", "report"]
SHARED = {"errors", "statistic", "tables", "tiers", "config", "keys"}
#: The doors: they see the whole house.
DOORS = {"job", "plan", "summary", "sweep", "provenance", "leakscan", "upkeep", "simulate"}


def room(module):
    return module.split(".")[1] if "." in module else ""


def module_name(path):
    return ".".join(path.relative_to(SCRIPTS).with_suffix("").parts).removesuffix(".__init__")


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "piloteval":
                yield from (f"piloteval.{alias.name}" for alias in node.names)
            else:
                yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def rule_blocks():
    blocks = {}
    for path in RULE_FILES:
        for name, body in re.findall(
            r"^rule (\w+):\n((?:    .*\n|\n)+)", path.read_text(encoding="utf-8"), re.MULTILINE
        ):
            blocks[name] = body
    return blocks


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_rooms_are_entered_in_order(path):
    here = room(module_name(path))
    if not here or here in DOORS:
        return
    allowed = SHARED if here in SHARED else {*SHARED, *ROOMS[: ROOMS.index(here) + 1]}
    for name in imports(path):
        if name.startswith("piloteval."):
            assert room(name) in allowed, f"{module_name(path)} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_only_the_job_knows_snakemake(path):
    text = path.read_text(encoding="utf-8")
    assert "snakemake.config" not in text
    assert not any(name.split(".")[0] == "snakemake" for name in imports(path))
    if path.name != "job.py":
        assert not re.search(r"\bsnakemake\.(input|output|params|log|wildcards|rule)\b", text)


def test_pingouin_comes_in_by_one_door():
    assert [
        module_name(path) for path in MODULES if any(name.split(".")[0] == "pingouin" for name in imports(path))
    ] == ["piloteval.measures.pg"]


def test_one_name_a_rule():
    blocks = rule_blocks()
    assert set(blocks) == NAMED
    assert {path.stem for path in SCRIPTS.glob("*.py")} == NAMED
    captions = {path.stem for path in (ROOT / "workflow/report").glob("*.rst")} - {"workflow"}
    assert captions == {name for name, body in blocks.items() if "caption=" in body}
    for name, body in blocks.items():
        assert f'"../scripts/{name}.py"' in body
        assert re.search(rf'log:\s+"logs/{name}(\.\{{\w+\}})*\.log"', body), name
        assert re.search(rf'benchmark:\s+"benchmarks/{name}(\.\{{\w+\}})*\.tsv"', body), name
        assert f'code=code("{name}")' in body
        assert "message:" in body
        if "caption=" in body:
            assert f"../report/{name}.rst" in body


def test_every_rule_file_opens_with_its_contract():
    for path in RULE_FILES:
        text = path.read_text(encoding="utf-8")
        assert text.startswith('"""'), path
        if path.name != "common.smk":
            head = text.split('"""')[1]
            assert all(word in head for word in ("Needs", "Makes", "Config")), path


def test_no_expensive_or_brittle_forms():
    for path in [ROOT / "Snakefile", *RULE_FILES]:
        text = path.read_text(encoding="utf-8")
        for form in (r"^\s+run:", r"^checkpoint", r"\btouch\(", r"directory\(", r"\bancient\((?!\))"):
            code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
            assert not re.search(form, code, re.MULTILINE), (path, form)


@pytest.mark.parametrize("path", sorted(SCRIPTS.glob("*.py")), ids=lambda path: path.stem)
def test_shims_are_thin_and_use_only_what_their_rule_declares(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 15
    assert "with job(snakemake) as this:" in text
    body = rule_blocks()[path.stem]

    def declared(section):
        found = re.search(rf"^    {section}:\n((?:        .*\n)+)", body, re.MULTILINE)
        return set(re.findall(r"^        (\w+)=", found[1], re.MULTILINE)) if found else set()

    assert set(re.findall(r"this\.params\.(\w+)", text)) <= declared("params")
    for call in re.findall(r"this\.values\(([^)]*)\)", text):
        assert set(re.findall(r'"(\w+)"', call)) <= declared("params"), call
    inputs = set(re.findall(r'this\.(?:read|files|read_all)\("(\w+)"\)', text))
    for call in re.findall(r"this\.paths\(([^)]*)\)", text):
        inputs |= set(re.findall(r'"(\w+)"', call))
    assert inputs <= declared("input"), inputs - declared("input")
    used = declared("params") - {"tiers", "pins"} - set(re.findall(r"\b(\w+)\b", text))
    assert not used, f"declared and never used: {used}"


def test_code_of_a_rule_is_the_closure_of_its_imports():
    closure = plan.code("estimate_reliability")
    names = {Path(path).name for path in closure}
    assert {
        "scales.py",
        "reliability.py",
        "scoring.py",
        "statistic.py",
        "job.py",
        "tables.py",
        "tiers.py",
        "__init__.py",
    } <= names
    assert not names & {"prepost.py", "coding.py", "figures.py", "prose.py"}
    assert all(not Path(path).is_absolute() for path in closure)


def modules_of(names):
    """Return the files of the package behind dotted names, with the packages they lie in."""
    for name in names:
        parts = name.split(".")
        for depth in range(1, len(parts) + 1):
            place = SCRIPTS.joinpath(*parts[:depth])
            yield from (one for one in (place.with_suffix(".py"), place / "__init__.py") if one.is_file())


@pytest.mark.parametrize("path", [*MODULES, *sorted(SCRIPTS.glob("*.py"))], ids=lambda path: path.stem)
def test_imports_are_found_without_parsing(path):
    named = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "piloteval":
            named += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            named += [alias.name for alias in node.names if alias.name.split(".")[0] == "piloteval"]
    assert set(plan._imports(path)) == set(modules_of(named))


def test_starting_snakemake_imports_nothing_heavy():
    code = "import sys; import piloteval.plan, piloteval.summary; print([m for m in ('pandas', 'numpy', 'spacy', 'scipy') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": str(SCRIPTS)}, check=True
    )
    assert done.stdout.strip() == "[]"


def test_generated_files_are_in_step():
    drift = upkeep.drift()
    assert not drift, f"{', '.join(path.name for path in drift)} out of date. {upkeep.FIX}"


def test_lock_and_environment_name_the_same_versions():
    locked = upkeep.locked()
    environment = (ROOT / "environment.yml").read_text(encoding="utf-8")
    names = {name: conda for name, conda in ((name, upkeep.CONDA_NAMES.get(name, name)) for name in upkeep.direct())}
    for name, conda in names.items():
        separator = "==" if name in upkeep.PIP_ONLY else " ="
        assert f"- {conda}{separator}{locked[name]}\n" in environment, name
    assert "quarto" in environment


def test_lock_has_hashes_and_no_addresses():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "http://" not in text and "https://" not in text
    packages = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(packages) > 100
    assert all("--hash=sha256:" in package for package in packages)


def test_no_path_of_one_machine_and_no_large_file():
    names = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    for name in filter(None, names):
        path = ROOT / name
        if not path.is_file():
            continue
        assert path.stat().st_size < 1_000_000, name
        if path.suffix in (".py", ".smk", ".yaml", ".yml", ".md", ".qmd", ".toml", ".tsv") and not name.startswith(
            "tests/"
        ):
            assert not re.search(r"(?<![\w.])/(home|root|work|Users|tmp)/\w", path.read_text(encoding="utf-8")), name


def test_public_functions_are_documented():
    for path in MODULES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{module_name(path)}.{node.name}"


def test_every_check_has_a_remedy():
    for rule in RULES.values():
        assert rule.level in ("STOP", "QUARANTINE", "NOTE")
        assert rule.remedy.endswith(".")


def test_every_released_table_protects_people():
    """A released table counts people in a declared column, or its counts are declared as rounded, or it holds no count."""
    free = {"figures/alt.csv", "themes/basis.csv"}  # texts of figures; how many codes of the codebook are used
    for path, one in CONTRACTS.items():
        if one.tier == "release" and path.removeprefix("release/") not in free:
            assert one.people or one.rounded, path


@pytest.mark.parametrize(
    "command",
    [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["snakefmt", "--check", "Snakefile", "workflow/rules"], [sys.executable, "-m", "snakemake", "--lint"]],
    ids=["ruff", "format", "snakefmt", "snakemake-lint"],
)  # fmt: skip
def test_lint(command):
    program = Path(sys.executable).parent / command[0]
    done = subprocess.run(
        [str(program) if program.is_file() else command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
