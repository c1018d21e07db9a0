"""One definition: what a figure is, in words and as a formula."""

from dataclasses import asdict, dataclass

LEDGER = "the ledger (model_days)"
SPARSE = "None under 20 sessions."


@dataclass(frozen=True, slots=True)
class Definition:
    """`unit` says how to read the number; a fraction of 0.05 is shown as 5 %."""

    key: str
    title: str
    sentence: str
    formula: str
    unit: str
    source: str

    def as_json(self) -> dict[str, str]:
        return asdict(self)
