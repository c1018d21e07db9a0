"""What one market's models would do next, asked from the launchpad or over GraphQL."""

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)

from aitrader_core.domain.errors import AitraderError
from aitrader_core.domain.money import plain, plain_quantity
from aitrader_core.runner.arena import Arena
from aitrader_core.runner.requests import parse_date
from aitrader_core.runner.suggestions import scan
from aitrader_core.storage.suggestion import KeptScan, Suggestion
from aitrader_core.storage.suggestions import Suggestions
from aitrader_dagster.lib.dashboard import PAGE
from aitrader_dagster.lib.metadata import Metadata, table
from aitrader_dagster.lib.resources import TradingFloors


class SuggestionConfig(dg.Config):
    """What `aitrader suggest` is asked; without a session, the model's next one."""

    model: str
    session: str | None = None
    source: str = "dagster"


def suggestions_asset(arena: Arena) -> dg.AssetsDefinition:
    key = dg.AssetKey([arena.market, "suggestions"])

    @dg.asset(key=key, group_name=arena.market, kinds={"postgres"})
    def suggestions(
        context: dg.AssetExecutionContext, config: SuggestionConfig, floors: TradingFloors
    ) -> dg.MaterializeResult[None]:
        """What a model would do with its portfolio at the next open; nothing is traded."""
        opened, run_id = floors.open(arena.market), context.run.run_id
        with opened.turns.at_work(run_id):
            try:
                session = None if config.session is None else parse_date(config.session)
                scan_id = scan(opened, config.model, session, source=config.source, run_id=run_id)
            except AitraderError as error:
                raise dg.Failure(str(error), allow_retries=False) from None
            found = Suggestions(opened.engine).get(scan_id)
            assert found is not None
        page = {PAGE: floors.dashboard.scan(arena.market, scan_id)}
        if found.scan.reason is not None:
            raise dg.Failure(found.scan.reason, metadata=page, allow_retries=False)
        return dg.MaterializeResult(metadata={**page, **_metadata(found)})

    return suggestions


def suggest_job(arena: Arena) -> UnresolvedAssetJobDefinition:
    return dg.define_asset_job(
        f"{arena.market}_suggest",
        selection=dg.AssetSelection.assets([arena.market, "suggestions"]),
        description="Asks a model what it would do next; trades nothing.",
    )


def _metadata(found: KeptScan) -> Metadata:
    scanned = found.scan
    return {
        "model": dg.MetadataValue.text(scanned.model),
        "session": dg.MetadataValue.text(scanned.session.isoformat()),
        "prices of": dg.MetadataValue.text(scanned.priced_on.isoformat()),
        "orders": dg.MetadataValue.int(found.count),
        "denied": dg.MetadataValue.int(found.denied),
        "remark": dg.MetadataValue.text(scanned.remark),
        "suggestions": dg.MetadataValue.md(table(_HEAD, map(_row, scanned.suggestions))),
    }


_HEAD = ("side", "quantity", "symbol", "price", "why")


def _row(each: Suggestion) -> tuple[str, ...]:
    return (
        each.side,
        "none" if each.quantity is None else plain_quantity(each.quantity),
        each.symbol,
        "not on offer" if each.price is None else plain(each.price),
        each.reason if each.denial is None else f"denied: {each.denial}",
    )
