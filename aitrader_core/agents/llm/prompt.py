"""What a session begins with: the system prompt of configs/prompts, filled in, and the request."""

from pathlib import Path
from string import Template

from aitrader_core.agents.llm.disguise import Disguise
from aitrader_core.domain.errors import ConfigError
from aitrader_core.domain.market import DAILY
from aitrader_core.domain.money import plain_quantity
from aitrader_core.simulation.desk import Desk

PLACES = ("session", "symbols", "lot", "history", "max_steps", "tools")


def read_prompt(folder: Path, name: str) -> str:
    """The text of `folder`/`name`.md. ConfigError names the file and what it may ask for."""
    path = folder / f"{name}.md"
    if not path.is_file():
        there = ", ".join(sorted(p.stem for p in folder.glob("*.md"))) or "none"
        raise ConfigError(f"prompt: {path} does not exist; {folder.name} has {there}")
    try:
        text = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"prompt: {path} can't be read: {error}") from None
    template = Template(text)
    unknown = sorted(set(template.get_identifiers()) - set(PLACES))
    if unknown or not template.is_valid():
        what = f"${unknown[0]} is unknown" if unknown else "a $ stands alone: write $$ for one"
        raise ConfigError(f"prompt: {path}: {what}; there are {', '.join(f'${p}' for p in PLACES)}")
    return text


def system_prompt(text: str, desk: Desk, disguise: Disguise, tools: str, max_steps: int) -> str:
    view = desk.view
    return Template(text).substitute(
        session=disguise.shown(view.session).isoformat(),
        symbols=", ".join(sorted(disguise.name(s) for s in view.symbols)),
        lot=plain_quantity(desk.rules.lot),
        history=view.depth,
        max_steps=max_steps,
        tools=tools,
    )


def request(desk: Desk, disguise: Disguise) -> str:
    day = disguise.shown(desk.view.session).isoformat()
    if desk.view.at == DAILY:
        return f"Trade the session of {day}."
    return f"Trade the bar of {desk.view.at:%H:%M} in the session of {day}."
