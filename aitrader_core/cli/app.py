"""The commands together, and what an error looks like: one sentence, never a stack trace."""

import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click
from click.exceptions import NoArgsIsHelpError

from aitrader_core import __version__
from aitrader_core.cli.auditing import audit
from aitrader_core.cli.backtests import backtest
from aitrader_core.cli.breaks import breaks
from aitrader_core.cli.broker import broker
from aitrader_core.cli.engines import engines
from aitrader_core.cli.estimating import estimate
from aitrader_core.cli.exporting import export
from aitrader_core.cli.infer import infer
from aitrader_core.cli.infer_measuring import bench, parity
from aitrader_core.cli.jobs import jobs
from aitrader_core.cli.leaderboard import leaderboard
from aitrader_core.cli.live import live
from aitrader_core.cli.manifests import manifest
from aitrader_core.cli.metrics import definitions, metrics, rescore
from aitrader_core.cli.networks import networks, train
from aitrader_core.cli.playing import play
from aitrader_core.cli.prices import prices
from aitrader_core.cli.purging import purge
from aitrader_core.cli.recordings import recordings
from aitrader_core.cli.replaying import replay
from aitrader_core.cli.reporting import report
from aitrader_core.cli.results import models, results
from aitrader_core.cli.serving import demo, up
from aitrader_core.cli.suggestions import suggest, suggestions
from aitrader_core.cli.ticks import ticks
from aitrader_core.cli.ticks_importing import import_ticks
from aitrader_core.cli.ticks_playing import play_ticks
from aitrader_core.cli.trading import trading
from aitrader_core.cli.verifying import verify
from aitrader_core.domain.errors import AitraderError, InputError, StorageError

FAILED, NOTHING_DONE, INTERRUPTED = 1, 2, 130


class Sentences(click.Group):
    """Exit code 2 when the request or its surroundings are wrong, 1 for a failure at work."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> NoReturn:
        try:
            code = super().main(args, *rest, **{**extra, "standalone_mode": False})
        except NoArgsIsHelpError as asked:
            asked.show(sys.stdout)
            sys.exit(NOTHING_DONE)
        except click.ClickException as error:
            _fail(_usage(error), NOTHING_DONE)
        except (click.Abort, KeyboardInterrupt):
            _fail("interrupted", INTERRUPTED)
        except (InputError, StorageError) as error:
            _fail(str(error), NOTHING_DONE)
        except AitraderError as error:
            _fail(str(error), FAILED)
        sys.exit(code if isinstance(code, int) else 0)


@click.group(cls=Sentences, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="aitrader", message="%(prog)s %(version)s")
def main() -> None:
    """Runs trading models against real market history, one session at a time."""


TRADING = (up, demo, prices, jobs, play, estimate, broker, ticks, live, trading)
LOOKING = (models, networks, results, leaderboard, metrics, rescore, definitions)
PROVING = (breaks, verify, replay, audit)
EXCHANGING = (report, recordings, export, manifest)
KEEPING = (purge, engines)
ASKING = (infer,)
TRYING = (backtest, suggest, suggestions)
for command in (*TRADING, *LOOKING, *PROVING, *EXCHANGING, *KEEPING, *ASKING, *TRYING):
    main.add_command(command)
infer.add_command(bench)
infer.add_command(parity)
models.add_command(train)
ticks.add_command(import_ticks)
ticks.add_command(play_ticks)


def _fail(sentence: str, code: int) -> NoReturn:
    click.echo(f"aitrader: {' '.join(sentence.split())}", err=True)
    sys.exit(code)


def _usage(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    way_out = f" (see {context.command_path} --help)" if context else ""
    return f"{error.format_message().rstrip('.')}{way_out}"
