"""aitrader models train, and aitrader networks: what trading models ask."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aitrader_core.cli.opening import as_json_option
from aitrader_core.cli.printing import print_json, print_table, say

if TYPE_CHECKING:
    from aitrader_core.training.making import Made
    from aitrader_core.training.shelf import Shelved


@click.command()
@click.argument("names", metavar="[NETWORK]...", nargs=-1)
@click.option("--check", is_flag=True, help="Write nothing; compare with what is there.")
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="FOLDER", help="Not configs/networks."
)
@click.option("--seed", type=click.IntRange(min=0), help="Another one than the network's own.")
@as_json_option
def train(
    names: tuple[str, ...], check: bool, output: Path | None, seed: int | None, as_json: bool
) -> None:
    """Train daily_mlp, tick_cnn or both on the arena's prices before its demo, judge them on
    held-out years, and write each with its card. With --check exit 1 where a byte differs."""
    from aitrader_core.training.keeping import (
        check_installed,
        differences,
        files_of,
        make_folder,
        write,
    )
    from aitrader_core.training.recipes import RECIPES, recipe_of

    recipes = [recipe_of(name, seed) for name in dict.fromkeys(names or RECIPES)]
    check_installed()
    from aitrader_core.inference.network import FOLDER
    from aitrader_core.runner.settings import load_settings
    from aitrader_core.training.card import card_of

    config_dir = load_settings().config_dir
    folder = output or config_dir / FOLDER
    if not check:
        make_folder(folder)
    made = [_made(recipe, config_dir) for recipe in recipes]
    differing: list[str] = []
    for each in made:
        files = files_of(each.recipe.name, each.content, card_of(each))
        if check:
            differing += differences(folder, files)
        else:
            write(folder, files)
    _tell(made, folder, differing, check=check, as_json=as_json)
    if differing:
        sys.exit(1)


@click.command()
@click.argument("name", metavar="[NETWORK]", required=False)
@as_json_option
def networks(name: str | None, as_json: bool) -> None:
    """The neural networks of configs/networks: what they were trained on, and the trading models
    that ask them; or the card of one: data, features, what held-out years say, limits."""
    if name is None:
        _tell_all(as_json=as_json)
    else:
        _tell_card(name, as_json=as_json)


def _tell_all(*, as_json: bool) -> None:
    from aitrader_core.runner.settings import environment, load_settings
    from aitrader_core.training.shelf import shelf

    found = shelf(load_settings().config_dir, environment())
    if as_json:
        print_json([each.as_json() for each in found])
    elif not found:
        say("there are no networks: run `aitrader models train`")
    else:
        columns = ("network", "kind", "bytes", "sha256", "trained on", "out of sample", "used by")
        print_table(columns, [_row(each) for each in found], right=("bytes",))


def _tell_card(name: str, *, as_json: bool) -> None:
    from aitrader_core.runner.settings import load_settings
    from aitrader_core.training.shelf import card_text, fields_of

    text = card_text(load_settings().config_dir, name)
    if as_json:
        print_json(fields_of(text, name))
    else:
        click.echo(text, nl=False)


def _made(recipe: Any, config_dir: Path) -> "Made":
    from aitrader_core.cli.progress import Meter
    from aitrader_core.runner.arena import load_stage
    from aitrader_core.training.history import history_of
    from aitrader_core.training.making import make

    history = history_of(load_stage(config_dir, recipe.arena))
    click.echo(f"training {recipe.name}", err=True)
    with Meter("step") as meter:
        return make(recipe, history, meter)


def _tell(
    made: "Sequence[Made]", folder: Path, differing: list[str], *, check: bool, as_json: bool
) -> None:
    from aitrader_core.training.card import fields
    from aitrader_core.training.card_prose import summary, verdict

    if as_json:
        told = {"networks": [fields(each) for each in made]}
        print_json(told | ({"differences": differing} if check else {"folder": str(folder)}))
        return
    rows = [
        (
            each.recipe.name,
            f"{len(each.content):,}",
            f"{len(each.samples):,}",
            summary(each.in_sample),
            summary(each.out_of_sample),
        )
        for each in made
    ]
    columns = ("network", "bytes", "samples", "in sample", "out of sample")
    print_table(columns, rows, right=("bytes", "samples"))
    for each in made:
        say(f"{each.recipe.name}: {verdict(each.out_of_sample)}")
    for sentence in differing:
        say(sentence)
    if not differing:
        say(f"the same as in {folder}, byte for byte" if check else f"written to {folder}")


def _row(each: "Shelved") -> tuple[str, ...]:
    trained = each.card.get("trained_on") or {}
    span = f"{trained.get('first_session')} to {trained.get('last_session')}" if trained else "-"
    said = str(each.card.get("summary", "-"))
    return (
        each.name,
        str(each.card.get("kind", "no card")),
        f"{each.size:,}",
        each.digest[:8],
        span,
        said if each.is_of_its_card or not each.card else "its card is of another file",
        ", ".join(each.users) or "nobody",
    )
