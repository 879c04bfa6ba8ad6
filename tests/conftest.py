"""Options, order and summary line of the tests."""

import gc

gc.disable()  # until all tests are collected: next to nothing of what collecting makes is garbage


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
    """Say what was measured, and how many reference values were checked; read from the test reports, so that it also works under xdist."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") != "call":
                continue
            for name, text in getattr(report, "user_properties", []):
                if name in ("reference values", "figures"):
                    terminalreporter.write_line(f"{name}: {text}" if name == "reference values" else text)


def pytest_configure(config):
    if config.getoption("--full"):
        from hypothesis import settings

        settings.register_profile("full", max_examples=2000, deadline=None)
        settings.load_profile("full")


#: Files that take long come first, so that two workers end together; a file stays with one worker (--dist loadfile).
LONG_FIRST = (
    "test_leaks.py",
    "test_freshness.py",
    "test_cases.py",
    "test_withdrawal.py",
    "test_engines.py",
    "test_errors.py",
    "test_example.py",
    "test_browser.py",
    "test_gate.py",
    "test_faults.py",
    "test_flow.py",
)


def pytest_collection_modifyitems(items):
    order = {name: place for place, name in enumerate(LONG_FIRST)}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))


def pytest_collection_finish():
    """Leave what is loaded now, half a million objects that live to the end, out of every later collection of garbage."""
    gc.collect()
    gc.freeze()
    gc.enable()
