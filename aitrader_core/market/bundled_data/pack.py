"""Pack the bundled prices: `python -m aitrader_core.market.bundled_data.pack`.

Needs bokeh_sampledata 2026.1, which no extra brings; prices pass through as text, never as floats.
"""

import gzip
from importlib import resources
from pathlib import Path

from aitrader_core.market.bundled import digest

HEADER = "symbol,session,open,high,low,close,volume"


def bars_text() -> bytes:
    """The package's rows by symbol then session, less the adjusted close."""
    source = resources.files("bokeh_sampledata") / "_data" / "stocks.csv.gz"
    header, *rows = gzip.decompress(source.read_bytes()).decode().splitlines()
    if header != "Ticker,Date,Open,High,Low,Close,Volume,Adj Close":
        raise SystemExit(f"bokeh_sampledata has other columns now: {header}")
    return "\n".join([HEADER, *sorted(r.rpartition(",")[0] for r in rows), ""]).encode()


def pack(folder: Path) -> None:
    """Write bars.csv.gz, and SHA256 over its text and that of splits.csv (kept by hand)."""
    bars = bars_text()
    (folder / "bars.csv.gz").write_bytes(gzip.compress(bars, mtime=0))
    checksum = digest(bars, (folder / "splits.csv").read_bytes())
    (folder / "SHA256").write_text(f"{checksum}\n", encoding="utf-8")


if __name__ == "__main__":
    pack(Path(__file__).parent)
