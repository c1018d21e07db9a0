"""The script that draws charts, as its package carries it."""

from importlib.util import find_spec
from pathlib import Path


def plotly_script() -> Path:
    spec = find_spec("plotly")  # to import it takes longer
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "package_data" / "plotly.min.js"
