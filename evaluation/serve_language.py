"""The command that serves a language model of this machine: ``engram serve-language --model FOLDER``."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Literal

from engram.agents.cli import DONE, MISSING, CommandError


@dataclass(frozen=True)
class ServeLanguageOptions:
    """Options of ``engram serve-language``."""

    model: str = "small"
    """Folder of a transformers model, its id on the hub, or small: the planner that comes with engram."""
    name: str = "default"
    """Name of the model, as clients ask for it."""
    host: str = "127.0.0.1"
    """Loopback address: 127.0.0.1 or ::1."""
    port: int = 8000
    """Port; 0 takes a free one."""
    device: str = "cpu"
    """cpu, cuda, cuda:1 or mps."""
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    """Numbers that the model computes with."""
    threads: int = 1
    """Threads on the CPU."""
    timeout_secs: float = 30.0
    """For an answer, with the wait for those before it."""
    max_tokens: int = 512
    """Of an answer."""


def serve_language(options: ServeLanguageOptions) -> int:
    """Serve a language model over the OpenAI-compatible interface, to this machine only.

    Set ENGRAM_LLM_URL to the address that is printed, and robots here ask it. With ENGRAM_LLM_KEY in the environment
    the server wants that key. The small planner needs the prompt planner-small.

    Exit code 0: ended by Ctrl-C; 2: it cannot be served so; 3: something is missing on this machine.
    """
    from engram.perception.language.contract import LanguageError
    from engram.perception.language.local import LocalConfig, LocalModel
    from engram.perception.language.serve import LanguageServer, ServeConfig
    from engram.planners.llm.small import small_model

    o = options
    try:
        import torch

        torch.set_num_threads(o.threads)
        folder = str(small_model()) if o.model == "small" else o.model
        config = ServeConfig(o.host, o.port, o.name)
        model = LocalModel(LocalConfig(folder, "", o.device, o.dtype, o.timeout_secs, o.max_tokens))
        server = LanguageServer(model, config)
    except ImportError as error:
        raise CommandError('serving a model needs torch; run: pip install "engram[learn]"', MISSING) from error
    except (LanguageError, FileNotFoundError) as error:
        raise CommandError(str(error), MISSING) from error
    except ValueError as error:
        raise CommandError(str(error)) from error
    sys.stdout.write(f"{o.name}: {server.url}\nCtrl-C ends it.\n")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.stdout.write("\n")
    finally:
        server.server_close()
    return DONE
