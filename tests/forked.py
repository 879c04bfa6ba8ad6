"""Runs of Snakemake and of its jobs that start fast: forked from a process that has loaded the libraries of others once.

Loading Snakemake takes longer than a dry run itself, and loading NumPy, pandas and SciPy half the time of most jobs. The
package itself is never loaded there, so every run reads the code as it lies in the study. ``Workflow.start`` and the
killed run of the leak tests have nothing of this: there every process starts as it does for an analyst.

``python forked.py ADDRESS SCRIPT`` runs a script as ``python SCRIPT`` would, but forked.
"""

from __future__ import annotations

import os
import socket
import sys
from functools import cache

# A client is started for every job, so what only the server or the tests need is imported there.

#: What Snakemake and the jobs load of others. A name that is not there is passed over silently, so a test counts what is
#: loaded.
LOADED = (
    *("cloudpickle", "docx", "jsonschema", "krippendorff", "nbclient", "nbformat", "numpy", "ordinalcorr", "pandas"),
    *("pingouin", "platformdirs", "pyarrow.parquet", "pyreadstat", "python_calamine", "referencing", "requests"),
    *("simplemma", "smart_open", "spacy", "webvtt", "yaml", "matplotlib.backends.backend_agg", "matplotlib.pyplot"),
    *(f"scipy.{name}" for name in ("cluster.hierarchy", "integrate", "linalg", "optimize", "special", "stats")),
    *(f"snakemake.{name}" for name in ("cli", "executors.dryrun", "executors.local", "report.html_reporter")),
    *(f"snakemake.{name}" for name in ("scheduling.milp", "script", "storage")),
    *(f"spacy.lang.{name}" for name in ("de", "en", "es", "nl", "pt", "xx")),
)
FORK, STAY = b"f", b"s"


# The server ----------------------------------------------------------------------------------------------------------


def serve(address: str, ready: int) -> None:
    """Load, say that all is ready, and fork until the last of those who asked the server to stay has left."""
    import gc
    import importlib
    import selectors
    import shutil
    from contextlib import suppress
    from pathlib import Path

    os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # as job.py does
    for name in LOADED:
        with suppress(ImportError):
            importlib.import_module(name)
    from snakemake.cli import get_argument_parser

    get_argument_parser()  # finds the plugins of Snakemake, which takes as long as reading all rules
    gc.collect()
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as listener, selectors.DefaultSelector() as waiting:
        listener.bind(address)
        listener.listen()
        waiting.register(listener, selectors.EVENT_READ)
        os.write(ready, b"1")
        os.close(ready)
        staying, forks = 0, set()
        while True:
            forks = {fork for fork in forks if not os.waitpid(fork, os.WNOHANG)[0]}
            for key, _events in waiting.select():
                if key.fileobj is not listener:  # somebody leaves
                    waiting.unregister(key.fileobj)
                    key.fileobj.close()
                    staying -= 1
                    if not staying:
                        shutil.rmtree(Path(address).parent)
                        return
                    continue
                client, _name = listener.accept()
                if client.recv(1) == STAY:
                    waiting.register(client, selectors.EVENT_READ)
                    staying += 1
                    continue
                fork = os.fork()
                if fork == 0:
                    listener.close()
                    _answer(client)
                forks.add(fork)
                client.close()


def _answer(client: socket.socket) -> None:
    """Do what a client asks for, in a fork that ends with it."""
    import atexit
    import json
    import traceback
    from pathlib import Path

    code = 1
    try:
        said, streams, _flags, _name = socket.recv_fds(client, 1 << 20, 3)
        while more := client.recv(1 << 20):
            said += more
        asked = json.loads(said)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        os.chdir(asked["folder"])
        os.environ.clear()
        os.environ.update(asked["variables"])
        paths = [asked["first"], *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
        sys.path[:1] = [str(Path(path).absolute()) for path in paths]
        try:
            {"script": _script, "snakemake": _snakemake, "missing": _missing}[asked["what"]](*asked["arguments"])
            code = 0
        except SystemExit as end:
            code = (end.code or 0) if isinstance(end.code, int | None) else 1
            if isinstance(end.code, str):
                print(end.code, file=sys.stderr)
        except BaseException:
            traceback.print_exc()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        client.sendall(bytes([code & 255]))
        os._exit(code)


def _script(path: str) -> None:
    import runpy

    sys.argv = [path]
    runpy.run_path(path, run_name="__main__")


def _snakemake(address: str, *arguments: str) -> None:
    import shlex

    from snakemake.cli import main
    from snakemake.script import PythonScript

    client = shlex.join([sys.executable, "-IS", __file__, address])
    PythonScript.execute_script = lambda self, fname, edit=False: self._execute_cmd(
        "{client} {fname:q}", client=client, fname=fname
    )
    main(list(arguments))


def _missing() -> None:
    print(*(name for name in LOADED if name not in sys.modules), end="")


# Its clients ---------------------------------------------------------------------------------------------------------


def ask(address: str, what: str, *arguments: str, first: str, folder: str = ".", said: int = 1, wrong: int = 2) -> int:
    """Have the server do something in a folder; return the exit code.

    Parameters
    ----------
    address : str
        Where the server listens.
    what, *arguments : str
        ``script`` with its path, ``snakemake`` with its arguments, or ``missing``.
    first : str
        Folder that modules are looked for in first.
    folder : str
        Where to run.
    said, wrong : int
        Streams for what is printed.
    """
    import json

    asked = {"what": what, "arguments": arguments, "first": first, "folder": os.path.realpath(folder)}
    data = json.dumps({**asked, "variables": dict(os.environ)}).encode()
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(address)
        server.sendall(FORK)
        sent = socket.send_fds(server, [data], [0, said, wrong])
        server.sendall(data[sent:])
        server.shutdown(socket.SHUT_WR)
        code = server.recv(1)
    return code[0] if code else 1  # who was killed says nothing


@cache
def _server() -> tuple[str, socket.socket]:
    """Return the address of the server, and the line that keeps it there; the workers of a session share one server."""
    import fcntl
    import subprocess
    import tempfile
    from pathlib import Path

    place = Path(tempfile.gettempdir()) / f"piloteval-{os.environ.get('PYTEST_XDIST_TESTRUNUID', os.getpid())}"
    place.mkdir(mode=0o700, exist_ok=True)
    address = str(place / "server")
    line = socket.socket(socket.AF_UNIX)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            line.connect(address)
        except OSError:
            ready, tell = os.pipe()
            command = [sys.executable, "-E", __file__, "serve", address, str(tell)]
            subprocess.Popen(command, pass_fds=[tell], stdin=subprocess.DEVNULL, start_new_session=True)
            os.close(tell)
            assert os.read(ready, 1), "the server did not start"
            os.close(ready)
            line.connect(address)
        line.sendall(STAY)
    return address, line


def _asked(what: str, *arguments: str, folder: str = ".") -> tuple[int, str]:
    import tempfile

    with tempfile.TemporaryFile() as said:
        code = ask(_server()[0], what, *arguments, first=folder, folder=folder, said=said.fileno(), wrong=said.fileno())
        said.seek(0)
        return code, said.read().decode("utf-8")


def snakemake(arguments: list[str], folder) -> tuple[int, str]:
    """Run Snakemake in a folder, its jobs forked as well; return its exit code and what it said."""
    return _asked("snakemake", _server()[0], *arguments, folder=str(folder))


def not_loaded() -> str:
    """Return which modules a run would still have to load."""
    return _asked("missing")[1]


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2], int(sys.argv[3]))
    else:
        sys.exit(ask(sys.argv[1], "script", sys.argv[2], first=os.path.split(sys.argv[2])[0]))
