"""Options, order and summary line of the tests."""


def pytest_addoption(parser):
    group = parser.getgroup("reference values")
    group.addoption(
        "--reference",
        action="append",
        metavar="FILE",
        help="CSV of expected numbers to check (may be repeated); default: tests/reference/*_expected.csv",
    )
    parser.addoption("--full", action="store_true", help="also large studies, and many more examples of each property")
    group.addoption("--data", metavar="DIR", help="folder of the data sets it names; default: tests/reference/data")


def pytest_terminal_summary(terminalreporter):
    """Say how many reference values were checked; read from the test reports, so that it also works under xdist."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            lines = [text for name, text in getattr(report, "user_properties", []) if name == "reference values"]
            for line in lines if getattr(report, "when", "") == "call" else []:
                terminalreporter.write_line(f"reference values: {line}")


def pytest_configure(config):
    if config.getoption("--full"):
        from hypothesis import settings

        settings.register_profile("full", max_examples=2000, deadline=None)
        settings.load_profile("full")


#: Files that take long come first, so that two workers end together; a file stays with one worker (--dist loadfile).
LONG_FIRST = (
    "test_freshness.py",
    "test_cases.py",
    "test_errors.py",
    "test_engines.py",
    "test_example.py",
    "test_browser.py",
)


def pytest_collection_modifyitems(items):
    order = {name: place for place, name in enumerate(LONG_FIRST)}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))
