"""What the networks of one market say of its sessions, a partition per session."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)

from aitrader_core.agents.onnx.policy import PreparedPolicy
from aitrader_core.domain.errors import AitraderError
from aitrader_core.runner.arena import Arena
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.predictions import Predicted, onnx_models, predictions_of
from aitrader_core.simulation.tape import Tape
from aitrader_dagster.lib.dashboard import PAGE
from aitrader_dagster.lib.metadata import Metadata, runner_metadata
from aitrader_dagster.lib.partitions import MarketPartitions
from aitrader_dagster.lib.reporting import report
from aitrader_dagster.lib.resources import TradingFloors

Told = Iterator[dg.MaterializeResult[None]]
_ROWS = "dagster/row_count"  # scores of the session
_NO_NUMBER = "the network answers what is no number"


def predictions_asset(arena: Arena, partitions: MarketPartitions) -> dg.AssetsDefinition:
    @dg.asset(
        key=[arena.market, "predictions"],
        group_name=arena.market,
        kinds={"onnx", "postgres"},
        partitions_def=partitions.sessions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        output_required=False,
        deps=[[arena.market, "bars"]],
        metadata={
            "dagster/table_name": "aitrader.public.predictions",
            "models": ", ".join(onnx_models(arena)),
        },
    )
    def predictions(context: dg.AssetExecutionContext, floors: TradingFloors) -> Told:
        """What each onnx model's network scores at the open, all sessions of a run in one batch.

        Model-days take what is here, and ask the network where nothing is.
        """
        opened = floors.open(arena.market)
        sessions = [date.fromisoformat(key) for key in sorted(context.partition_keys)]
        with opened.turns.at_work(context.run.run_id):
            tape = opened.tape(sessions[0], sessions[-1])
            models = onnx_models(opened.arena)
            scored = [_scored(opened, model, sessions, tape) for model in models]
        page: Metadata = {PAGE: floors.dashboard.arena(arena.market)}
        yield from _tell(context, sessions, scored, page)

    return predictions


@dataclass(frozen=True, slots=True)
class _Scored:
    """What became of one model: its network's scores, or why it could not be asked."""

    model: str
    predicted: Predicted | None = None
    error: str = ""

    def missing(self, sessions: list[date]) -> str | None:
        """Which of `sessions` it has no scores of, and why; None where it has all."""
        there = self.predicted.scores if self.predicted else {}
        left = [session for session in sessions if session not in there]
        if not left:
            return None
        why = (self.predicted.ended if self.predicted else self.error) or _NO_NUMBER
        return f"{self.model} from {left[0]} on: {why}"


def _scored(floor: Floor, model: str, sessions: list[date], tape: Tape) -> _Scored:
    try:
        policy = floor.trader(model).agent
        assert isinstance(policy, PreparedPolicy)
        return _Scored(model, predictions_of(floor, policy, sessions, tape))
    except AitraderError as error:
        return _Scored(model, error=str(error))


def _tell(
    context: dg.AssetExecutionContext, sessions: list[date], scored: list[_Scored], page: Metadata
) -> Told:
    """Each session that every network has scored is a partition that is there; fails at the end
    naming the others."""
    found = [one.predicted for one in scored if one.predicted]
    broken = [fault for one in scored if (fault := one.missing(sessions))]
    shared: Metadata = {**page, **_metadata(found)}
    whole = [s for s in sessions if len(found) == len(scored) and all(s in p.scores for p in found)]
    told = [(s, {**shared, _ROWS: _rows(found, s)}) for s in whole]
    if len(sessions) == 1 and told:
        yield dg.MaterializeResult(metadata=told[0][1])
    else:
        key = context.asset_key
        report(context, [dg.AssetMaterialization(key, None, m, str(s)) for s, m in told])
    if broken:
        raise dg.Failure("; ".join(broken), metadata=shared, allow_retries=False)


def _rows(found: list[Predicted], session: date) -> dg.MetadataValue:
    return dg.MetadataValue.int(sum(len(predicted.scores[session]) for predicted in found))


def _metadata(found: list[Predicted]) -> Metadata:
    """Of the whole run: how much, how long, and what ran the networks."""
    told = defaultdict[str, dict[str, None]](dict)
    for predicted in found:
        for name, value in predicted.info.told.items():
            told[name][value] = None  # once, in the order of the models
    return {
        "scores of the run": dg.MetadataValue.int(sum(p.rows for p in found)),
        "sessions asked now": dg.MetadataValue.int(sum(len(p.made) for p in found)),
        "seconds": dg.MetadataValue.float(sum(p.seconds for p in found)),
        **runner_metadata({name: "; ".join(values) for name, values in told.items()}),
    }


def predictions_job(arena: Arena) -> UnresolvedAssetJobDefinition:
    return dg.define_asset_job(
        f"{arena.market}_predictions",
        selection=dg.AssetSelection.assets([arena.market, "predictions"]),
        description="Asks the networks of the arena's onnx models for a range of sessions.",
    )


def prediction_definitions(arena: Arena, partitions: MarketPartitions) -> dg.Definitions:
    """What networks add to the definitions of a market whose models have them."""
    return dg.Definitions(
        assets=[predictions_asset(arena, partitions)], jobs=[predictions_job(arena)]
    )
