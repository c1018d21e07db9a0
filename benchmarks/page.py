"""The table of benchmarks/README.md, between its markers, from the newest figures of each."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.line import Line
from benchmarks.table import COLUMNS, NUMBERS, cells

HERE = Path(__file__).parent
BEGIN, END = "<!-- results -->\n", "<!-- end of results -->"

Results = dict[str, dict[str, Any]]  # by benchmark: machine and lines


def write(lines: Sequence[Line], machine: str, folder: Path = HERE) -> None:
    """Keep `lines` in results.json beside those of other benchmarks, and the table in the page."""
    kept, page = folder / "results.json", folder / "README.md"
    results: Results = json.loads(kept.read_text()) if kept.exists() else {}
    for name in dict.fromkeys(line.benchmark for line in lines):
        own = [asdict(line) for line in lines if line.benchmark == name]
        results[name] = {"machine": machine, "lines": own}
    kept.write_text(json.dumps(results, indent=2) + "\n")
    before, _, rest = page.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{BEGIN}{_table(results)}{END}{after}")


def _table(results: Results) -> str:
    rules = ["---:" if column in NUMBERS else "---" for column in COLUMNS]
    rows: list[Sequence[str]] = [COLUMNS, rules]
    rows += [cells(Line(**line)) for entry in results.values() for line in entry["lines"]]
    table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    taken: dict[str, list[str]] = {}
    for name, entry in results.items():
        taken.setdefault(entry["machine"], []).append(name)
    machines = "".join(f"- {', '.join(names)}: {line}\n" for line, names in taken.items())
    return f"\n{table}\n{machines}\n"
