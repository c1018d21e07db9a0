"""Networks on the CPU, by ONNX Runtime."""

from aitrader_core.inference.bound import one_row
from aitrader_core.inference.checked import CheckedRunner
from aitrader_core.inference.installed import onnxruntime
from aitrader_core.inference.network import Network
from aitrader_core.inference.options import RunnerOptions
from aitrader_core.inference.ort_session import PlainRun, content_of, opened, ports_of
from aitrader_core.inference.proof import prove_rows
from aitrader_core.inference.runner import RunnerInfo


def open_on_cpu(
    network: Network, options: RunnerOptions, fallback: str | None = None
) -> CheckedRunner:
    """Batches are not padded: a row's answer is the same to the bit whatever it comes with.

    `fallback` is why it is not what was asked for.
    """
    ort = onnxruntime()
    told = ort.SessionOptions()
    told.intra_op_num_threads = options.threads
    told.inter_op_num_threads = 1
    content = content_of(network, options.precision)
    session = opened(ort, network, content, told, [("CPUExecutionProvider", {})])
    ports, signature = ports_of(session, network)
    info = RunnerInfo(
        network.name,
        network.digest,
        options.backend,
        "ort-cpu",
        options.precision,
        "CPU",
        {"onnxruntime": ort.__version__},
        fallback=fallback,
    )
    plain = PlainRun(ort, session, ports, network)
    run = one_row(ort, session, ports, signature.row, plain, network)
    prove_rows(run, signature, network)
    return CheckedRunner(run, signature, info, options.most_rows)
