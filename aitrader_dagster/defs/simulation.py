"""The asset in which models trade: a partition is one model trading one session."""

import traceback
from collections.abc import Iterator, Sequence

import dagster as dg

from aitrader_core.runner.arena import Arena
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.walk import Broken, Kept, Made, Put, walk
from aitrader_core.storage.store import Draft, Origin, Stored
from aitrader_dagster.lib.assignment import Assignment, assignment_of
from aitrader_dagster.lib.io_manager import ModelDayIOManager, Simulated
from aitrader_dagster.lib.metadata import day_metadata
from aitrader_dagster.lib.partitions import DATE, MODEL, PREVIOUS_SESSION, MarketPartitions
from aitrader_dagster.lib.resources import TradingFloors

Event = dg.AssetMaterialization | dg.Output[Simulated]


def model_day_asset(arena: Arena, partitions: MarketPartitions) -> dg.AssetsDefinition:
    @dg.asset(
        key=[arena.market, "model_day"],
        group_name=arena.market,
        kinds={"python", "postgres"},
        partitions_def=partitions.model_days,
        backfill_policy=dg.BackfillPolicy.single_run(),
        io_manager_key="model_days",
        output_required=False,
        deps=[
            dg.AssetDep(
                [arena.market, "bars"],
                partition_mapping=dg.MultiToSingleDimensionPartitionMapping(DATE),
            ),
            dg.AssetDep([arena.market, "model_day"], partition_mapping=PREVIOUS_SESSION),
        ],
        metadata={"dagster/table_name": "aitrader.public.model_days"},
    )
    def model_day(
        context: dg.AssetExecutionContext,
        floors: TradingFloors,
        model_days: dg.ResourceParam[ModelDayIOManager],
    ) -> Iterator[Event]:
        """One model trading one session, from its previous close to its next one."""
        opened = floors.open(arena.market)
        assignment = assignment_of(context, opened, partitions)
        yield from simulate(context, opened, assignment, model_days)

    return model_day


def simulate(
    context: dg.AssetExecutionContext,
    floor: Floor,
    assignment: Assignment,
    model_days: ModelDayIOManager,
) -> Iterator[Event]:
    """Walk every model of the assignment, report its days, and fail at the end for those that did.

    A run over one partition outputs its day, which the IO manager stores; a run over many stores
    them as they are made, so that a failure or a kill leaves what came before.
    """
    origin, broken = assignment.origin, list[str]()
    alone = sum(len(plan.sessions) for plan in assignment.plans) == 1
    put = _left_to_the_output if alone else _storing(floor, model_days)
    job_id = origin.job_id
    with floor.turns.turn(floor.arena.market, origin.request, origin.run_id):
        for plan in assignment.plans:
            for step in walk(
                floor,
                plan,
                put,
                stop=lambda: job_id is not None and floor.jobs.cancel_requested(job_id),
            ):
                if isinstance(step, Broken):
                    broken.append(f"{plan.model} on {step.session}: {step.reason}")
                    context.log.error("".join(traceback.format_exception(step.error)))
                elif step.session in assignment.own[plan.model]:
                    yield _event(context, plan.model, step, origin, alone=alone)
    if job_id is not None:
        floor.jobs.finish_if_done(job_id)
    if broken:
        raise dg.Failure("; ".join(broken), allow_retries=False)


def _event(
    context: dg.AssetExecutionContext, model: str, step: Made | Kept, origin: Origin, *, alone: bool
) -> Event:
    if alone and isinstance(step, Made):
        return dg.Output(Simulated(Draft(step.day, step.seconds), origin))
    return dg.AssetMaterialization(
        context.asset_key,
        partition=dg.MultiPartitionKey({DATE: step.session.isoformat(), MODEL: model}),
        metadata=day_metadata(step.day, step.stored)
        if isinstance(step, Made)
        else {"kept": step.reason},
    )


def _storing(floor: Floor, model_days: ModelDayIOManager) -> Put:
    return lambda drafts, origin: model_days.store(floor, drafts, origin)


def _left_to_the_output(drafts: Sequence[Draft], _origin: Origin) -> Sequence[Stored]:
    return [Stored(revision=0, superseded=0)] * len(drafts)
