"""The URL of a memory server: what to connect with, and what may be shown of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from engram.memory.contract import HippocampusError
from engram.memory.server.driver import driver

_SECRETS = frozenset({"password", "sslpassword"})


@dataclass(frozen=True)
class Address:
    """A parsed URL. Only ``name`` is ever shown."""

    name: str  # without password and settings
    robot: str  # of ``?robot=``; empty when not given
    parameters: Mapping[str, Any] = field(repr=False)  # of libpq

    def masked(self, text: str) -> str:
        """Return a text of the driver without what is secret."""
        for secret in (str(v) for k, v in self.parameters.items() if k in _SECRETS and v):
            for shown in {secret, quote(secret, safe="")}:
                text = text.replace(shown, "***")
        return text


def parse(url: str) -> Address:
    """Return the address of ``postgresql://[user[:password]@][host][:port]/database[?robot=NAME&setting=value...]``.

    What is not given comes from the environment (PGUSER, PGPASSWORD, PGPASSFILE, PGSERVICE, ...), as libpq documents.

    Raises:
        HippocampusError: it is not such a URL; the message does not repeat it.
        MissingDriverError: psycopg is not installed.

    """
    psycopg = driver(_shown(url))
    rest, robot = without_robot(url)
    try:
        parameters = psycopg.conninfo.conninfo_to_dict(rest)
    except (psycopg.Error, UnicodeDecodeError):
        # The driver's message may quote the password.
        raise HippocampusError(
            "the URL of the memory server cannot be read; write postgresql://user@host:port/database?robot=NAME,"
            " with special characters as %XX"
        ) from None
    return Address(_shown(url), robot, parameters)


def without_robot(url: str) -> tuple[str, str]:
    """Return a URL without the name of a robot, and that name."""
    head, _, query = url.partition("?")
    kept = [part for part in query.split("&") if part and not part.startswith("robot=")]
    robots = [value for key, value in parse_qsl(query) if key == "robot"]
    return "?".join([head, "&".join(kept)]) if kept else head, robots[-1] if robots else ""


def _shown(url: str) -> str:
    """Return the URL with its user, host, database and robot only."""
    parts = urlsplit(url)
    login, at, host = parts.netloc.rpartition("@")
    robot = urlencode([(key, value) for key, value in parse_qsl(parts.query) if key == "robot"])
    return f"{parts.scheme}://{login.partition(':')[0]}{at}{host}{parts.path}" + (f"?{robot}" if robot else "")
