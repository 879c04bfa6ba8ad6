"""Options and summary line of the reference-value tests (tests/unit/test_reference.py)."""


def pytest_addoption(parser):
    group = parser.getgroup("reference values")
    group.addoption(
        "--reference",
        action="append",
        metavar="FILE",
        help="CSV of expected numbers to check (may be repeated); default: tests/reference/*_expected.csv",
    )
    group.addoption("--data", metavar="DIR", help="folder of the data sets it names; default: tests/reference/data")


def pytest_terminal_summary(terminalreporter):
    """Say how many reference values were checked; read from the test reports, so that it also works under xdist."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            lines = [text for name, text in getattr(report, "user_properties", []) if name == "reference values"]
            for line in lines if getattr(report, "when", "") == "call" else []:
                terminalreporter.write_line(f"reference values: {line}")
