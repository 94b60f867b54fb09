import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engram.sims.house.render import _jit
from engram.sims.house.render.raster import _draw

SCRIPT = """
import sys; sys.path.insert(0, sys.argv[1])
import numpy as np, importlib, types
for name in ("engram", "engram.sims", "engram.sims.house", "engram.sims.house.render"):
    package = types.ModuleType(name); package.__path__ = [sys.argv[1]]; sys.modules[name] = package
print(importlib.import_module("engram.sims.house.render._outer").outer(2.0))
"""
JIT = "from engram.sims.house.render._jit import kernel\n"


def test_kernels_share_one_stamp():
    index = _draw._cache._cache_file
    assert index._source_stamp == _jit._fingerprint()


@pytest.mark.slow
def test_a_change_in_a_called_kernel_reaches_its_callers(tmp_path):
    shutil.copy(_jit.__file__, tmp_path / "_jit.py")
    (tmp_path / "raster.py").touch()
    (tmp_path / "_outer.py").write_text(
        JIT + "from engram.sims.house.render._inner import inner\n@kernel\ndef outer(x):\n    return inner(x) + 1.0\n"
    )

    def run(body: str) -> float:
        Path(tmp_path / "_inner.py").write_text(JIT + f"@kernel\ndef inner(x):\n    return {body}\n")
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
        command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
        return float(subprocess.run(command, check=True, capture_output=True, env=environment).stdout)  # noqa: S603

    assert run("x * 3.0") == 7.0
    assert run("x * 5.0") == 11.0
