"""A small arena of the us market: two symbols, two weeks, prices as a test writes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Engine

from aitrader_core.domain.market import Symbol
from aitrader_core.runner.arena import load_arena
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.import_prices import Imported, import_files

A, B = Symbol("AAA"), Symbol("BBB")
DAYS = [date(2012, 6, day) for day in (1, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15)]
ROWS = {A: "10/11 12/13 14/15 16/17 18/19 20/21", B: "20 21 22 23 24 25"}


@dataclass(frozen=True)
class Small:
    """Its files are beside `config_dir`, as a user's own would be."""

    config_dir: Path
    engine: Engine
    name: str = "small"

    @property
    def floor(self) -> Floor:
        """As it is configured now."""
        return Floor(load_arena(self.config_dir, self.name), self.engine)

    def configure(self, **changes: Any) -> None:
        arena = {
            "market": "us",
            "prices": "file",
            "symbols": [A, B],
            "first_session": DAYS[0],
            "last_session": DAYS[-1],
            "initial_cash": 1000,
            "costs": "free",
            "history": 5,
            "models": ["buy_and_hold", "random"],
        }
        path = self.config_dir / "arenas" / "small.yaml"
        path.write_text(yaml.safe_dump({**arena, **changes}))

    def model(self, name: str, **spec: Any) -> None:
        folder = self.config_dir / "models" / "small"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(spec))

    def file(self, name: str, *lines: str) -> Path:
        path = self.config_dir.parent / name
        path.write_text("".join(f"{line}\n" for line in lines))
        return path

    def prices(self, rows: Mapping[Symbol, str] = ROWS, name: str = "prices.csv") -> Path:
        """A file from a row per symbol and a word per session: `open/close`, `price`, `-`."""
        lines = [
            f"{symbol},{day},{word.partition('/')[0]},{word.partition('/')[2] or word}"
            for symbol, row in rows.items()
            for day, word in zip(DAYS, row.split(), strict=False)
            if word != "-"
        ]
        return self.file(name, "symbol,session,open,close", *lines)

    def actions(self, *rows: str, name: str = "actions.csv") -> Path:
        return self.file(name, "symbol,ex_date,kind,value", *rows)

    def priced(self, rows: Mapping[Symbol, str] = ROWS, name: str = "prices.csv") -> Imported:
        return import_files(self.floor, self.prices(rows, name), None)
