"""The tables. Migrations under sql/ are the only DDL; a test holds the two against each other."""

from datetime import time

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    Time,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.schema import SchemaItem

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)

Money = Numeric(28, 8)
Now = DateTime(timezone=True)


def _bar_time(*, primary_key: bool = False) -> "Column[time]":
    """The bar within an intraday session, in the exchange's time; midnight for a daily one."""
    return Column("bar_time", Time, nullable=False, server_default="00:00", primary_key=primary_key)


def _usage() -> tuple[SchemaItem, ...]:
    """What calls of a language model took: tokens, dollars (null: no known price), seconds."""
    counts = ("call_count", "input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")
    return (
        *(Column(name, BigInteger, nullable=False, server_default="0") for name in counts),
        Column("dollars", Numeric(20, 10), server_default="0"),
        Column("waited", Double, nullable=False, server_default="0"),
        CheckConstraint("dollars >= 0 and dollars < 'Infinity'", name="dollars"),
    )


def _totals() -> tuple[SchemaItem, ...]:
    """Sums over a model's sessions up to this one: a standing is one row, however many sessions."""
    counts = ("sessions", "fills", "refusals", "corrections")
    return (
        *(Column(f"total_{name}", Integer, nullable=False) for name in counts),
        Column("total_traded", Money, nullable=False, comment="the notional of all fills"),
        Column("total_commission", Money, nullable=False),
        Column("total_tokens", BigInteger, nullable=False),
        Column("total_dollars", Numeric(20, 10), comment="null: the price of some is not known"),
        CheckConstraint(
            "total_traded < 'Infinity' and total_commission < 'Infinity'"
            " and total_dollars < 'Infinity'",
            name="totals",
        ),
    )


# Prices -------------------------------------------------------------------------------------

vintages = Table(
    "vintages",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("market", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("imported_at", Now, nullable=False, server_default=func.now()),
    Index("ix_vintages_name", "market", "source", "label", unique=True),
    comment="Editions of a price history; vendors restate theirs",
)

bars = Table(
    "bars",
    metadata,
    Column("market", Text, nullable=False),
    Column("session", Date, nullable=False),
    Column("symbol", Text, nullable=False),
    _bar_time(),
    Column("vintage_id", Integer, ForeignKey("vintages.id"), nullable=False),
    Column("open", Money, nullable=False),
    Column("high", Money),
    Column("low", Money),
    Column("close", Money),
    Column("volume", Money),
    PrimaryKeyConstraint("market", "session", "symbol", "bar_time", "vintage_id"),
    CheckConstraint("open > 0 and open < 'Infinity'", name="open"),
    CheckConstraint("close > 0 and close < 'Infinity'", name="close"),
    CheckConstraint("high >= low", name="range"),
    CheckConstraint("volume >= 0", name="volume"),
    comment="Unadjusted prices; a bar is stored again only when a later vintage restates it",
)

corporate_actions = Table(
    "corporate_actions",
    metadata,
    Column("market", Text, nullable=False),
    Column("ex_date", Date, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("vintage_id", Integer, ForeignKey("vintages.id"), nullable=False),
    Column("value", Money, nullable=False, comment="new shares per old one, or cash per share"),
    PrimaryKeyConstraint("market", "ex_date", "symbol", "kind", "vintage_id"),
    CheckConstraint("kind in ('split', 'cash_dividend')", name="kind"),
    CheckConstraint("value > 0 and value < 'Infinity'", name="value"),
)

# Requests -----------------------------------------------------------------------------------

models = Table(
    "models",
    metadata,
    Column("market", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("config", JSONB, nullable=False),
    Column("config_hash", Text, nullable=False),
    Column("updated_at", Now, nullable=False, server_default=func.now()),
    PrimaryKeyConstraint("market", "name"),
    CheckConstraint("name !~ '[,|]'", name="name"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("market", Text, nullable=False),
    Column("first_session", Date, nullable=False),
    Column("last_session", Date, nullable=False),
    Column("models", ARRAY(Text), nullable=False),
    Column("replace_existing", Boolean, nullable=False),
    Column("fresh", Boolean, nullable=False),
    Column("source", Text, nullable=False, comment="who asked: cli, graphql, schedule, ..."),
    Column("status", Text, nullable=False, server_default="pending"),
    Column("cancel_requested", Boolean, nullable=False, server_default="false"),
    Column(
        "max_dollars", Numeric(20, 10), comment="that its models may spend; null is without limit"
    ),
    Column("max_tokens", BigInteger),
    Column("created_at", Now, nullable=False, server_default=func.now()),
    Column("started_at", Now),
    Column("finished_at", Now),
    CheckConstraint(
        "status in ('pending', 'running', 'completed', 'partial', 'failed', 'canceled')",
        name="status",
    ),
    CheckConstraint("first_session <= last_session", name="range"),
    CheckConstraint("cardinality(models) > 0", name="models"),
    CheckConstraint(
        "max_dollars > 0 and max_dollars < 'Infinity' and max_tokens > 0", name="budget"
    ),
    Index("ix_jobs_one_running", "market", unique=True, postgresql_where="status = 'running'"),
    comment="Requests: a range of sessions x models",
)

job_details = Table(
    "job_details",
    metadata,
    Column("job_id", BigInteger, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("model", Text, nullable=False),
    Column("session", Date, nullable=False),
    Column("status", Text, nullable=False, server_default="pending"),
    Column("reason", Text, comment="why it was skipped or failed"),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("run_id", Text),
    Column("seconds", Double),
    PrimaryKeyConstraint("job_id", "model", "session"),
    CheckConstraint(
        "status in ('pending', 'running', 'completed', 'failed', 'skipped', 'canceled')",
        name="status",
    ),
    CheckConstraint("status not in ('failed', 'skipped') or reason is not null", name="reason"),
    comment="One row per model-day of a job",
)

# The ledger ---------------------------------------------------------------------------------

model_days = Table(
    "model_days",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("market", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("session", Date, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("superseded_at", Now),
    Column("previous_id", BigInteger, ForeignKey("model_days.id")),
    Column("opening_cash", Money, nullable=False),
    Column("bought", Money, nullable=False),
    Column("sold", Money, nullable=False),
    Column("commission", Money, nullable=False),
    Column("adjustment_cash", Money, nullable=False),
    Column("closing_cash", Money, nullable=False),
    Column("value_open", Money, nullable=False),
    Column("value_close", Money),
    Column("value", Money, nullable=False, comment="at the last mark that is known"),
    Column("profit", Money, nullable=False),
    Column("daily_return", Double, nullable=False),
    Column("start_value", Money, nullable=False),
    Column("peak_value", Money, nullable=False),
    Column("cumulative_return", Double, nullable=False),
    Column("max_drawdown", Double, nullable=False),
    Column("ending", Text, nullable=False),
    Column("fill_count", Integer, nullable=False),
    Column("refusal_count", Integer, nullable=False),
    Column("correction_count", Integer, nullable=False, server_default="0"),
    *_usage(),
    *_totals(),
    Column("manifest", JSONB, nullable=False),
    Column("request", Text, nullable=False, comment="the job, backfill or run it was made for"),
    Column("run_id", Text, nullable=False),
    Column("stored_at", Now, nullable=False, server_default=func.now()),
    Column("sealed_by", BigInteger, nullable=False, server_default=func.txid_current()),
    CheckConstraint(
        "closing_cash = opening_cash - bought + sold - commission + adjustment_cash",
        name="cash_balances",
    ),
    CheckConstraint("opening_cash >= 0 and opening_cash < 'Infinity'", name="opening_cash"),
    CheckConstraint("closing_cash >= 0 and closing_cash < 'Infinity'", name="closing_cash"),
    CheckConstraint("bought >= 0 and sold >= 0 and commission >= 0", name="flows"),
    CheckConstraint(
        "value_open >= 0 and value_open < 'Infinity'"
        " and value_close >= 0 and value_close < 'Infinity'"
        " and value >= 0 and value < 'Infinity'",
        name="values",
    ),
    CheckConstraint(
        "start_value > 0 and start_value < 'Infinity'"
        " and peak_value > 0 and peak_value < 'Infinity' and profit < 'Infinity'",
        name="figures",
    ),
    Index(
        "ix_model_days_live",
        "market",
        "model",
        "session",
        unique=True,
        postgresql_where="superseded_at is null",
    ),
    Index("ix_model_days_revision", "market", "model", "session", "revision", unique=True),
    Index("ix_model_days_session", "market", "session", postgresql_where="superseded_at is null"),
    Index("ix_model_days_previous", "previous_id"),
    Index(
        "ix_model_days_follower",
        "previous_id",
        unique=True,
        postgresql_where="superseded_at is null",
    ),
    Index(
        "ix_model_days_beginning",
        "market",
        "model",
        unique=True,
        postgresql_where="superseded_at is null and previous_id is null",
    ),
    comment="One model trading one session; what a re-run superseded is kept",
)


def _child(name: str, *columns: SchemaItem, comment: str) -> Table:
    day = Column("model_day_id", BigInteger, ForeignKey("model_days.id"), primary_key=True)
    return Table(name, metadata, day, *columns, comment=comment)


orders = _child(
    "orders",
    Column("number", Integer, primary_key=True, comment="1 is the first of the session"),
    _bar_time(),
    Column("symbol", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("quantity", Numeric, comment="null when what was asked for is no quantity"),
    Column("outcome", Text, nullable=False),
    Column("reason", Text, comment="why it was refused"),
    Column("code", Text, comment="the same for programs"),
    Column("limit_price", Numeric, comment="null is a market order"),
    Column("client_id", Text, nullable=False, server_default=""),
    CheckConstraint("side in ('buy', 'sell')", name="side"),
    CheckConstraint("outcome in ('filled', 'refused')", name="outcome"),
    CheckConstraint("(outcome = 'refused') = (reason is not null)", name="reason"),
    CheckConstraint("code is null or outcome = 'refused'", name="code"),
    comment="Every order of a model-day, in order, refused ones included",
)
fills = _child(
    "fills",
    Column("number", Integer, primary_key=True, comment="of the order"),
    Column("symbol", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("quantity", Money, nullable=False),
    Column("price", Money, nullable=False),
    Column("notional", Money, nullable=False),
    Column("commission", Money, nullable=False),
    CheckConstraint("side in ('buy', 'sell')", name="side"),
    CheckConstraint("quantity > 0 and quantity < 'Infinity'", name="quantity"),
    CheckConstraint("price > 0 and price < 'Infinity'", name="price"),
    CheckConstraint("notional = round(quantity * price, 8)", name="notional"),
    CheckConstraint("commission >= 0", name="commission"),
    comment="What was executed, at the bar's open",
)
adjustments = _child(
    "adjustments",
    Column("number", Integer, primary_key=True, comment="1 is the first of the session"),
    _bar_time(),
    Column("after_order", Integer, nullable=False, comment="how many orders came before it"),
    Column("symbol", Text, comment="null when cash alone was corrected"),
    Column("kind", Text, nullable=False),
    Column("quantity_change", Money, nullable=False),
    Column("cash_change", Money, nullable=False),
    Column("reason", Text, comment="of a correction"),
    CheckConstraint("kind in ('split', 'cash_dividend', 'correction')", name="kind"),
    CheckConstraint("(kind = 'correction') = (reason is not null)", name="reason"),
    CheckConstraint("symbol is not null or quantity_change = 0", name="symbol"),
    comment="What corporate actions did at the open, and corrections towards a recording",
)
marks = _child(
    "marks",
    _bar_time(primary_key=True),
    Column("value_open", Money, nullable=False),
    Column("value_close", Money),
    CheckConstraint("value_open >= 0 and value_open < 'Infinity'", name="value_open"),
    CheckConstraint("value_close >= 0 and value_close < 'Infinity'", name="value_close"),
    comment="The value over each bar of an intraday session",
)
holdings = _child(
    "holdings",
    Column("symbol", Text, primary_key=True),
    Column("quantity", Money, nullable=False),
    CheckConstraint("quantity > 0 and quantity < 'Infinity'", name="quantity"),
    comment="Quantities held at the close",
)
transcripts = _child(
    "transcripts",
    Column("entries", JSONB, nullable=False),
    comment="What was said and done, in order",
)

order_events = _child(
    "order_events",
    Column("number", Integer, primary_key=True, comment="1 is the first of the session"),
    Column("at", BigInteger, nullable=False, comment="ns since 1970 UTC"),
    Column("event", Text, nullable=False),
    Column("client_id", Text, nullable=False, comment="of the order; empty: of all"),
    Column("facts", Text, nullable=False, comment="canonical JSON"),
    Column("hash", Text, nullable=False, comment="over the hash before and this row"),
    comment="The audit trail of orders that a venue works over time, each row chained to the last",
)

# Language models ----------------------------------------------------------------------------

model_calls = Table(
    "model_calls",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("key", Text, nullable=False, comment="hash of all that was asked"),
    Column("after_key", Text, comment="the call whose conversation this one goes on with"),
    Column("market", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("session", Date, nullable=False),
    Column("number", Integer, nullable=False, comment="of the model-day's calls, 1 is the first"),
    Column("request", Text, nullable=False, comment="the job, backfill or run that paid for it"),
    Column("asked", Text, nullable=False, comment="JSON, without what after_key had already said"),
    Column("outcome", Text, nullable=False),
    Column("reply", Text, nullable=False, comment="JSON, as it came"),
    Column("digest", Text, nullable=False, comment="of outcome and reply, as they were kept"),
    *_usage(),
    Column("made_at", Now, nullable=False, server_default=func.now()),
    CheckConstraint(
        "outcome in ('replied', 'refused', 'deadline', 'cost_limit', 'failed')",
        name="outcome",
    ),
    Index("ix_model_calls_key", "key"),
    Index("ix_model_calls_day", "market", "model", "session"),
    Index("ix_model_calls_request", "request"),
    comment="Questions to the outside and their answers, kept before they are acted on",
)
purged_spending = Table(
    "purged_spending",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("market", Text, nullable=False),
    Column("model", Text, nullable=False),
    *_usage(),
    Column("purged_at", Now, nullable=False, server_default=func.now()),
    Index("ix_purged_spending_model", "market", "model"),
    comment="What calls took that retention has deleted: it is spent all the same",
)
failed_days = Table(
    "failed_days",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("market", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("session", Date, nullable=False),
    Column("reason", Text, nullable=False),
    Column("request", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("failed_at", Now, nullable=False, server_default=func.now()),
    Column("entries", JSONB, nullable=False, comment="what was said until it failed"),
    Index("ix_failed_days_model", "market", "model", "session"),
    comment="Transcripts of model-days that failed and are not in the ledger",
)

# Results ------------------------------------------------------------------------------------

leaderboards = Table(
    "leaderboards",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("market", Text, nullable=False),
    Column("as_of", Text, nullable=False, comment="the state of the ledger it was made from"),
    Column("published_at", Now, nullable=False, server_default=func.now()),
    Column("run_id", Text, nullable=False),
    Column("rows", JSONB, nullable=False),
    Column("judgement", JSONB, nullable=False, comment="how sure its order is"),
    Index("ix_leaderboards_market", "market", "id"),
    comment="Leaderboards as they were published",
)

# Ticks, orders and proposals ----------------------------------------------------------------

trading_states = Table(
    "trading_states",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("market", Text, nullable=False),
    Column("model", Text, nullable=False, server_default="", comment="empty: all of the arena"),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("source", Text, nullable=False, comment="who asked: cli, rest, graphql, live, ..."),
    Column("set_at", Now, nullable=False, server_default=func.now()),
    Column("hash", Text, nullable=False, comment="over the hash before and this row"),
    CheckConstraint("state in ('active', 'reducing', 'halted')", name="state"),
    CheckConstraint("reason <> ''", name="reason"),
    Index("ix_trading_states_market", "market", "model", "id"),
    comment="The kill switch: every throw of it, the newest counts",
)

backtests = Table(
    "backtests",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("market", Text, nullable=False),
    Column("model", Text, nullable=False, comment="whose configuration is varied"),
    Column("first_session", Date, nullable=False),
    Column("last_session", Date, nullable=False),
    Column("train_until", Date, comment="what is later ranks no combination; null: all rank it"),
    Column(
        "grid", JSONB, nullable=False, comment="[parameter, values] pairs; all combinations run"
    ),
    Column("source", Text, nullable=False, comment="who asked: cli, graphql, rest, ..."),
    Column("status", Text, nullable=False, server_default="pending"),
    Column("reason", Text),
    Column("run_id", Text, nullable=False, server_default=""),
    Column("manifest", JSONB, nullable=False, server_default="{}"),
    Column("summary", JSONB, nullable=False, server_default="{}", comment="tries, and the best"),
    Column("created_at", Now, nullable=False, server_default=func.now()),
    Column("started_at", Now),
    Column("finished_at", Now),
    CheckConstraint(
        "status in ('pending', 'running', 'completed', 'partial', 'failed', 'canceled')",
        name="status",
    ),
    CheckConstraint("first_session <= last_session", name="range"),
    CheckConstraint(
        "train_until >= first_session and train_until < last_session", name="train_until"
    ),
    Index("ix_backtests_market", "market", "id"),
    comment="Parameter sweeps of a model: no part of the ledger",
)

backtest_runs = Table(
    "backtest_runs",
    metadata,
    Column("backtest_id", BigInteger, ForeignKey("backtests.id", ondelete="CASCADE")),
    Column("number", Integer, comment="1 is the first combination"),
    Column("parameters", JSONB, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text, comment="why it failed"),
    Column("metrics", JSONB, nullable=False, server_default="{}", comment="that rank it"),
    Column("later", JSONB, nullable=False, server_default="{}", comment="after train_until"),
    Column("equity", JSONB, nullable=False, server_default="[]", comment="[session, value] pairs"),
    Column("fill_count", Integer, nullable=False, server_default="0"),
    Column("refusal_count", Integer, nullable=False, server_default="0"),
    Column("seconds", Double, nullable=False, server_default="0"),
    PrimaryKeyConstraint("backtest_id", "number"),
    CheckConstraint("status in ('completed', 'failed')", name="status"),
    CheckConstraint("(status = 'failed') = (reason is not null)", name="reason"),
    comment="One combination of parameters, over all sessions of its backtest",
)

suggestion_scans = Table(
    "suggestion_scans",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("market", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("session", Date, nullable=False, comment="at whose open it looked"),
    Column("portfolio", JSONB, nullable=False, comment="cash and positions that it looked at"),
    Column("priced_on", Date, nullable=False, comment="before the session: at the closes of then"),
    Column("account", Text, nullable=False, comment="whose: the model's own, or a broker's"),
    Column("source", Text, nullable=False, comment="who asked: cli, graphql, schedule, ..."),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("remark", Text, nullable=False, server_default="", comment="what the model said last"),
    Column("run_id", Text, nullable=False, server_default=""),
    Column("manifest", JSONB, nullable=False, server_default="{}"),
    Column("made_at", Now, nullable=False, server_default=func.now()),
    CheckConstraint("status in ('completed', 'failed')", name="status"),
    CheckConstraint("(status = 'failed') = (reason is not null)", name="reason"),
    Index("ix_suggestion_scans_market", "market", "model", "id"),
    comment="What a model would do now with a portfolio; nothing of it is traded",
)

suggestions = Table(
    "suggestions",
    metadata,
    Column("scan_id", BigInteger, ForeignKey("suggestion_scans.id", ondelete="CASCADE")),
    Column("number", Integer),
    Column("symbol", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("quantity", Numeric, comment="null when what was asked for is no quantity"),
    Column("price", Money, comment="that it was reckoned at; null: it is not on offer"),
    Column("score", Double),
    Column("reason", Text, nullable=False, comment="why the model would"),
    Column("denial", Text, comment="why risk would deny it, if it would"),
    Column("code", Text, comment="the same for programs"),
    PrimaryKeyConstraint("scan_id", "number"),
    CheckConstraint("side in ('buy', 'sell')", name="side"),
    CheckConstraint("code is null or denial is not null", name="denial"),
    comment="Orders that a scan proposes",
)

# Networks -----------------------------------------------------------------------------------

predictions = Table(
    "predictions",
    metadata,
    Column("market", Text, nullable=False),
    Column("session", Date, nullable=False),
    Column("key", Text, nullable=False, comment="hash of who scored what of which prices"),
    Column("network", Text, nullable=False),
    Column("digest", Text, nullable=False, comment="sha256 of the network's file"),
    Column("features", Text, nullable=False, comment="the version of what it was told"),
    Column("backend", Text, nullable=False, comment="that ran it"),
    Column("precision", Text, nullable=False),
    Column("prices", Text, nullable=False, comment="source and newest vintage that it could see"),
    Column("scores", JSONB, nullable=False, comment="by symbol, as of the session's open"),
    Column("made_of", JSONB, nullable=False, comment="runtime, device, versions, engine"),
    Column("made_at", Now, nullable=False, server_default=func.now()),
    PrimaryKeyConstraint("market", "session", "key"),
    comment="What networks say of daily sessions; whoever needs one that is not here asks again",
)
