"""A PostgreSQL server of its own for tests, where one is installed.

`initdb` refuses to run as root: then the server runs as an unprivileged user. It
listens on a socket in its own directory only.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

SUPERUSER = "reseau"
_USERS = ("postgres", "nobody")


def binaries() -> Path | None:
    """Return the directory of the server's programs, None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


class Server:
    """A server that can be killed and started again.

    Attributes
    ----------
    folder
        Its data, its socket and its log.
    """

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self.folder = programs, folder
        self._owner = None if os.geteuid() else _unprivileged()
        self._process: subprocess.Popen[bytes] | None = None
        folder.chmod(0o755)
        if self._owner is not None:
            os.chown(folder, self._owner.pw_uid, self._owner.pw_gid)
        self._run("initdb", "-D", str(self.data), "-U", SUPERUSER, "-A", "trust",
                  "-E", "UTF8", "--no-sync", "--no-instructions")  # fmt: skip

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self, table: str, database: str = "postgres", extra: str = "") -> str:
        """Return the address of a table."""
        return f"postgresql://{SUPERUSER}@/{database}?host={self.folder}&table={table}{extra}"

    @property
    def conninfo(self) -> str:
        return f"postgresql://{SUPERUSER}@/postgres?host={self.folder}"

    def start(self) -> None:
        """Start and wait until connections are taken."""
        command = [
            str(self._programs / "postgres"),
            *("-D", str(self.data), "-k", str(self.folder), "-c", "listen_addresses="),
            *(
                "-c",
                "fsync=off",
                "-c",
                "max_connections=10",
                "-c",
                "logging_collector=off",
            ),
            *("-c", "restart_after_crash=off", "-c", "shared_buffers=16MB"),
        ]
        log = (self.folder / "log").open("ab")
        with log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, **self._as_owner()
            )
        import psycopg

        for _ in range(200):
            with suppress(psycopg.OperationalError):
                psycopg.connect(self.conninfo).close()
                return
            time.sleep(0.05)
        raise RuntimeError((self.folder / "log").read_text())

    def kill(self) -> None:
        """Kill the server at once, with all that it does."""
        self._end(signal.SIGQUIT)

    def stop(self) -> None:
        """Stop the server."""
        self._end(signal.SIGINT)

    def _end(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(20)
            self._process = None

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        done = subprocess.run(
            command, check=False, capture_output=True, **self._as_owner()
        )
        if done.returncode:
            raise RuntimeError(done.stderr.decode())

    def _as_owner(self) -> dict[str, object]:
        environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}
        found: dict[str, object] = {"cwd": str(self.folder), "env": environment}
        if self._owner is not None:
            found |= {"user": self._owner.pw_uid, "group": self._owner.pw_gid}
            found |= {"extra_groups": []}
        return found


def _unprivileged() -> pwd.struct_passwd | None:
    for name in _USERS:
        with suppress(KeyError):
            return pwd.getpwnam(name)
    return None


@contextmanager
def postgres_server() -> Iterator[Server]:
    """Give a running server, or skip where none is installed."""
    pytest.importorskip("psycopg", reason='needs pip install "reseau[postgres]"')
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt install postgresql)")
    # The path of a socket may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="reseau-pg-") as folder:
        server = Server(programs, Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()
