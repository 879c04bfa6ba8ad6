"""The report opened in a browser: it renders, fits small screens, and loads nothing from outside."""

import re
import shutil
import subprocess

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]


def chromium(tmp_path, page, *arguments):
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr", "--v=0",
        *arguments, page.as_uri(),
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("tier", ["internal", "release"])
@pytest.mark.parametrize("width", [1280, 400])
def test_the_report_is_drawn(example, tmp_path, tier, width):
    picture = tmp_path / "page.png"
    page = example.folder / f"results/{tier}/report/evaluation.html"
    done = chromium(tmp_path, page, f"--window-size={width},3000", f"--screenshot={picture}")
    assert picture.stat().st_size > 50_000
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert console == []


def test_nothing_sticks_out_of_a_small_screen(example, tmp_path):
    page = example.folder / "results/internal/report/evaluation.html"
    probe = tmp_path / "probe.html"
    # The page forbids scripts, so a copy without that rule measures itself.
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text(encoding="utf-8"))
    script = "<script>document.title = 'width ' + document.documentElement.scrollWidth</script>"
    probe.write_text(text.replace("</body>", script + "</body>"), encoding="utf-8")
    done = chromium(tmp_path, probe, "--window-size=500,2000", "--dump-dom")
    width = int(re.search(r"<title>width (\d+)</title>", done.stdout)[1])
    assert width <= 500
