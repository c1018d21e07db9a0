"""Networks on every backend that is here, for the page benchmarks/gpu.md."""
