from __future__ import annotations

import gc
import subprocess
import sys
import threading
import weakref

import pytest

from engram.memory.contract import HippocampusError
from engram.memory.worker import Worker

HANGING = """
import sys, threading
from engram.memory.contract import Percepts, Query, Source
from engram.memory.hippocampus import Hippocampus, HippocampusConfig
from engram.memory.testing import Notes

store = Notes()
memory = Hippocampus(sys.argv[1], [store, Notes("other")], HippocampusConfig(deadline_secs=0.1, sleep_secs=0.1))
memory.write(Percepts(Source("r", "e", 0, 0), "mug"))
store.hooks[sys.argv[2]] = threading.Event().wait
memory.write(Percepts(Source("r", "e", 1, 1), "cup"))
print(sorted(memory.recall(Query("mug")).stale), flush=True)
if sys.argv[3] == "close":
    memory.close()
print("the end", flush=True)
"""


def test_jobs_are_done_in_order_and_errors_are_kept_for_who_asks():
    worker, done = Worker(), []
    jobs = [worker.submit(done.append, k) for k in range(50)]
    failing = worker.submit(divmod, 1, 0)
    assert worker.submit(max, 3, 4).result(30.0) == 4
    assert isinstance(failing.exception(), ZeroDivisionError)
    assert (all(job.done() for job in jobs), done) == (True, list(range(50)))


def test_a_job_that_is_called_off_in_time_is_not_done():
    worker, gate, done = Worker(), threading.Event(), []
    worker.submit(gate.wait, 30.0)
    job = worker.submit(done.append, 1)
    assert job.cancel()
    gate.set()
    assert worker.submit(len, done).result(30.0) == 0


def test_it_ends_when_it_is_stopped_and_when_it_is_forgotten():
    stopped = Worker()
    job = stopped.submit(int)
    assert stopped.stop(30.0)
    assert job.result() == 0
    with pytest.raises(HippocampusError, match="closed"):
        stopped.submit(int)
    forgotten = Worker()
    thread, gone = forgotten._thread, weakref.ref(forgotten)
    del forgotten
    gc.collect()
    assert gone() is None
    thread.join(30.0)
    assert not thread.is_alive()


def test_stopping_does_not_wait_for_a_job_that_hangs():
    worker, gate = Worker(), threading.Event()
    worker.submit(gate.wait, 30.0)
    assert not worker.stop(0.05)
    gate.set()
    assert worker.stop(30.0)


@pytest.mark.parametrize("hook", ["propose", "apply", "recall"])
@pytest.mark.parametrize("how", ["close", "leave"])
def test_a_program_ends_though_a_store_hangs_for_good(tmp_path, hook, how):
    words = [sys.executable, "-c", HANGING, str(tmp_path / "m"), hook, how]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    assert (done.returncode, done.stdout) == (0, "['notes']\nthe end\n"), done.stderr
