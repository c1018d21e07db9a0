"""The asset in which models trade: a partition is one model trading one session."""

import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from threading import Lock

import dagster as dg

from aitrader_core.domain.errors import AitraderError
from aitrader_core.runner.arena import Arena
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.predictions import onnx_models
from aitrader_core.runner.side_by_side import walk_all
from aitrader_core.runner.walk import Broken, Kept, Made
from aitrader_core.storage.store import Draft, Origin, Stored
from aitrader_dagster.lib.assignment import Assignment, assignment_of
from aitrader_dagster.lib.dashboard import PAGE, Dashboard
from aitrader_dagster.lib.io_manager import ModelDayIOManager, Simulated
from aitrader_dagster.lib.metadata import Metadata, day_metadata
from aitrader_dagster.lib.partitions import DATE, MODEL, PREVIOUS_SESSION, MarketPartitions
from aitrader_dagster.lib.reporting import report
from aitrader_dagster.lib.resources import TradingFloors


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
            *_signals(arena),
        ],
        metadata={"dagster/table_name": "aitrader.public.model_days"},
    )
    def model_day(
        context: dg.AssetExecutionContext,
        floors: TradingFloors,
        model_days: dg.ResourceParam[ModelDayIOManager],
    ) -> Iterator[dg.Output[Simulated]]:
        """One model trading one session, from its previous close to its next one."""
        opened = floors.open(arena.market)
        assignment = assignment_of(context, opened, partitions)
        yield from simulate(context, opened, assignment, model_days)

    return model_day


def _signals(arena: Arena) -> list[dg.AssetDep]:
    """What pattern models trade on, where there are ticks, and what networks say, where there are
    any: model-days take what is there, and do not wait for it."""
    mapping = dg.MultiToSingleDimensionPartitionMapping(DATE)
    there = {"signals": arena.ticks is not None, "predictions": bool(onnx_models(arena))}
    names = [name for name, is_there in there.items() if is_there]
    return [dg.AssetDep([arena.market, name], partition_mapping=mapping) for name in names]


def simulate(
    context: dg.AssetExecutionContext,
    floor: Floor,
    assignment: Assignment,
    model_days: ModelDayIOManager,
) -> Iterator[dg.Output[Simulated]]:
    """Walk every model of the assignment, report its days, and fail at the end for those that did.

    A run over one partition outputs its day, which the IO manager stores; a run over many stores
    them as they are made, so that a failure or a kill leaves what came before.
    """
    origin, broken = assignment.origin, list[str]()
    job_id, dashboard = origin.job_id, model_days.floors.dashboard
    to_walk = sum(len(plan.sessions) for plan in assignment.plans)
    alone = len(context.partition_keys) == to_walk == 1
    ledgers = {
        plan.model: _Ledger(context, floor, model_days, assignment.own[plan.model], dashboard)
        for plan in assignment.plans
    }
    with floor.turns.turn(floor.arena.market, origin.request, origin.run_id):
        for plan, step in walk_all(
            floor,
            assignment.plans,
            lambda plan: _left_to_the_output if alone else ledgers[plan.model].store,
            stop=lambda: job_id is not None and floor.jobs.cancel_requested(job_id),
        ):
            ledger = ledgers[plan.model]
            if isinstance(step, Broken):
                _tell(context, plan.model, step)
                broken += [] if step.is_spent else [_said(plan.model, step)]
            elif alone and isinstance(step, Made):
                yield dg.Output(Simulated(Draft(step.day, step.seconds), origin))
            elif isinstance(step, Kept):
                ledger.keep(plan.model, step)
            else:
                ledger.report()
        for ledger in ledgers.values():
            ledger.report()
    if job_id is not None:
        floor.jobs.finish_if_done(job_id)
    if broken:
        raise dg.Failure("; ".join(broken), allow_retries=False)


def _tell(context: dg.AssetExecutionContext, model: str, step: Broken) -> None:
    """A sentence for what we foresee, and where it happened for what we do not."""
    if step.is_spent:
        context.log.warning(_said(model, step))
    elif isinstance(step.error, AitraderError):
        context.log.error(_said(model, step))
    else:
        context.log.error("".join(traceback.format_exception(step.error)))


def _said(model: str, step: Broken) -> str:
    return f"{model} on {step.session}: {step.reason}"


@dataclass
class _Ledger:
    """Stores the days of one model, and tells Dagster of those among its `own` sessions."""

    context: dg.AssetExecutionContext
    floor: Floor
    model_days: ModelDayIOManager
    own: set[date]
    dashboard: Dashboard
    untold: list[dg.AssetMaterialization] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)  # stores in the walk's thread, reports in the run's

    def store(self, drafts: Sequence[Draft], origin: Origin) -> Sequence[Stored]:
        stored = self.model_days.store(self.floor, drafts, origin)
        for draft, kept in zip(drafts, stored, strict=True):
            day = draft.day
            known = self.floor.arena.is_before_cutoff(day.model, day.session)
            told = day_metadata(day, kept, self.dashboard, before_cutoff=known)
            self._note(day.model, day.session, told)
        return stored

    def keep(self, model: str, step: Kept) -> None:
        page = self.dashboard.model_day(self.floor.arena.market, model, step.session)
        self._note(model, step.session, {"kept": dg.MetadataValue.text(step.reason), PAGE: page})

    def report(self) -> None:
        with self.lock:
            untold, self.untold = self.untold, []
        report(self.context, untold)

    def _note(self, model: str, session: date, metadata: Metadata) -> None:
        if session in self.own:
            key = dg.MultiPartitionKey({DATE: session.isoformat(), MODEL: model})
            told = dg.AssetMaterialization(self.context.asset_key, partition=key, metadata=metadata)
            with self.lock:
                self.untold.append(told)


def _left_to_the_output(drafts: Sequence[Draft], _origin: Origin) -> Sequence[Stored]:
    return [Stored(revision=0, superseded=0)] * len(drafts)
