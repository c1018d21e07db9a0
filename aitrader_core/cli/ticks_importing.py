"""aitrader ticks import: an arena's ticks from its own source."""

import sys
from datetime import UTC, datetime

import click

from aitrader_core.cli.opening import as_json_option, market_option, open_floor
from aitrader_core.cli.printing import counted, print_json, say


@click.command("import")
@market_option
@click.option("--again", is_flag=True, help="Those that are stored, too: the files have changed.")
@as_json_option
def import_ticks(market: str, again: bool, as_json: bool) -> None:
    """Store the ticks of every session that the arena's source has and that is not stored yet,
    and the bars made of them. Exit 1 if a session has none that can be used."""
    from aitrader_core.domain.errors import MarketDataError
    from aitrader_core.runner.import_prices import import_missing
    from aitrader_core.runner.ticks import keep_ticks, tick_sessions, tick_store

    told, failed = list[dict[str, object]](), 0
    with open_floor(market) as floor:
        there, stored = tick_sessions(floor), set(tick_store(floor).sessions())
        wanted = [session for session in there if again or session not in stored]
        for session in wanted:
            try:
                kept = keep_ticks(floor, session)
            except MarketDataError as error:
                failed += 1
                told.append({"session": str(session), "error": str(error)})
                if not as_json:
                    say(f"{session}: {error}")
                continue
            found = kept.findings
            told.append(
                {"session": str(session), "ticks": kept.count, "name": kept.name, **found.as_json()}
            )
            if not as_json:
                say(f"{session}: {counted(kept.count, 'tick')}: {found}")
        if there:
            import_missing(floor, there[0], there[-1], datetime.now(UTC))
    if as_json:
        print_json({"sessions": told, "stored_before": len(there) - len(wanted)})
    elif not wanted:
        say(f"{counted(len(there), 'session')}, all of them stored")
    if failed:
        sys.exit(1)
