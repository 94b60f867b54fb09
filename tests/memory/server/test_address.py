from __future__ import annotations

import logging
import sys
import traceback

import pytest

from engram.memory import errors
from engram.memory.contract import HippocampusError
from engram.memory.log import open_log
from engram.memory.server.address import parse

pytest.importorskip("psycopg", reason="psycopg is not installed (pip install 'engram[fleet]')", exc_type=ImportError)

WRONG = "Tr0ub4dor&3"


def test_a_url_is_shown_without_its_password_and_settings():
    address = parse("postgresql://ann:s3%2Fcret@db.local:5433/fleet?sslmode=require&robot=r%201&password=s3%2Fcret")
    assert address.name == "postgresql://ann@db.local:5433/fleet?robot=r+1"
    assert address.robot == "r 1"
    assert (address.parameters["password"], address.parameters["sslmode"]) == ("s3/cret", "require")
    assert "cret" not in repr(address)
    assert address.masked("login with s3/cret or s3%2Fcret") == "login with *** or ***"
    assert parse("postgresql:///fleet").name == "postgresql:///fleet"


@pytest.mark.parametrize("url", ["postgresql://ann:hush%zz@host/db", "postgresql://ann:hush@host/db?nonsense=hush"])
def test_a_url_that_cannot_be_read_is_not_repeated(url):
    with pytest.raises(HippocampusError, match="write postgresql://user@host") as caught:
        parse(url)
    assert "hush" not in "".join(traceback.format_exception(caught.value))


def test_a_refused_login_shows_no_password(server, caplog):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(errors.LoginError, match="check user and password") as caught:
        open_log(server.url(password=WRONG))
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert WRONG not in shown
    assert "Tr0ub4dor%263" not in shown


def test_the_password_comes_from_the_environment(server, database, monkeypatch):
    name = database.rpartition("/")[2]
    url = f"postgresql://engram@127.0.0.1:{server.port}/{name}"
    with pytest.raises(errors.LoginError, match="no password supplied"):
        open_log(url)
    monkeypatch.setenv("PGPASSWORD", server.password)
    with open_log(url) as log:
        assert log.name == url


def test_what_is_not_there_is_named(server, free_port):
    with pytest.raises(errors.ServerUnreachableError, match="the network, and that the server runs"):
        open_log(f"postgresql://engram:{WRONG}@127.0.0.1:{free_port}/fleet")
    with pytest.raises(errors.MissingFileError, match='database "nowhere" does not exist'):
        open_log(server.url("nowhere"))


def test_the_extra_is_named_when_the_driver_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(errors.MissingDriverError, match=r"pip install 'engram\[fleet\]'") as caught:
        open_log(f"postgresql://ann:{WRONG}@host/db")
    assert WRONG not in str(caught.value)
