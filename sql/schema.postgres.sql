CREATE FUNCTION public.check_ledger() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    previous model_days;
    had record;
    flows record;
    adjusted numeric;
    unbalanced text;
begin
    select coalesce(max(total_sessions), 0) as sessions, coalesce(max(total_fills), 0) as fills,
           coalesce(max(total_refusals), 0) as refusals,
           coalesce(max(total_corrections), 0) as corrections,
           coalesce(max(total_traded), 0) as traded,
           coalesce(max(total_commission), 0) as commission,
           coalesce(max(total_tokens), 0) as tokens,
           case count(*) when 0 then 0 else max(total_dollars) end as dollars
      into had from model_days where id = new.previous_id;
    if (had.sessions + 1, had.fills + new.fill_count, had.refusals + new.refusal_count,
        had.corrections + new.correction_count, had.traded + new.bought + new.sold,
        had.commission + new.commission, had.tokens + new.input_tokens + new.output_tokens,
        had.dollars + new.dollars)
       is distinct from
       (new.total_sessions, new.total_fills, new.total_refusals, new.total_corrections,
        new.total_traded, new.total_commission, new.total_tokens, new.total_dollars) then
        unbalanced := 'its totals are not those of the day before and its own';
    end if;

    if (select count(*) from orders where model_day_id = new.id and outcome = 'refused')
       <> new.refusal_count
       or (select count(*) from adjustments where model_day_id = new.id and kind = 'correction')
       <> new.correction_count then
        unbalanced := 'its refusals and corrections are not as many as it says';
    end if;

    select coalesce(sum(notional) filter (where side = 'buy'), 0) as bought,
           coalesce(sum(notional) filter (where side = 'sell'), 0) as sold,
           coalesce(sum(commission), 0) as commission,
           count(*) as fills
      into flows from fills where model_day_id = new.id;
    select coalesce(sum(cash_change), 0) into adjusted
      from adjustments where model_day_id = new.id;
    if (flows.bought, flows.sold, flows.commission, adjusted, flows.fills)
       is distinct from
       (new.bought, new.sold, new.commission, new.adjustment_cash, new.fill_count::bigint) then
        unbalanced := 'its cash flows are not those of its fills and adjustments';
    end if;

    if exists (select from (select * from orders where model_day_id = new.id
                                                   and outcome = 'filled') o
               full join (select * from fills where model_day_id = new.id) f using (number)
               where (o.symbol, o.side, o.quantity) is distinct from
                     (f.symbol, f.side, f.quantity)) then
        unbalanced := 'its fills are not those of its orders';
    end if;

    if new.previous_id is null then
        if new.opening_cash <> new.start_value then
            unbalanced := 'it has no previous day, yet does not open with the initial cash';
        end if;
    else
        select * into previous from model_days where id = new.previous_id;
        if (previous.market, previous.model, previous.closing_cash, previous.superseded_at is null)
           is distinct from (new.market, new.model, new.opening_cash, true)
           or previous.session >= new.session then
            unbalanced := 'it does not open with the cash of its previous close';
        end if;
    end if;

    select coalesce(unbalanced, 'it loses or gains ' || string_agg(symbol, ', '))
      into unbalanced from (
        select symbol from (
            select symbol, quantity from holdings where model_day_id = new.previous_id
            union all
            select symbol, case side when 'buy' then quantity else -quantity end
              from fills where model_day_id = new.id
            union all
            select symbol, quantity_change from adjustments where model_day_id = new.id
            union all
            select symbol, -quantity from holdings where model_day_id = new.id
        ) changes group by symbol having sum(quantity) <> 0
    ) wrong;

    if unbalanced is not null then
        raise exception 'model-day %/% of % does not balance: %',
            new.market, new.model, new.session, unbalanced
            using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end $$;

CREATE FUNCTION public.only_supersede() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if old.superseded_at is not null or new.superseded_at is null
       or to_jsonb(old) - 'superseded_at' <> to_jsonb(new) - 'superseded_at' then
        raise exception 'model_days is append-only: a stored model-day is superseded, never changed'
            using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    -- retention says so for the length of its transaction; nobody may change a row, ever
    if tg_op = 'DELETE' and current_setting('aitrader.purging', true) = 'on' then
        return old;
    end if;
    raise exception '% is append-only: a stored model-day is superseded, never changed', tg_table_name
        using errcode = 'integrity_constraint_violation';
end $$;

CREATE FUNCTION public.refuse_late_rows() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if exists (select from added join model_days d on d.id = added.model_day_id
               where d.sealed_by <> txid_current()) then
        raise exception 'rows of % belong to a model-day that is already sealed', tg_table_name
            using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end $$;

CREATE TABLE public.adjustments (
    model_day_id bigint NOT NULL,
    symbol text,
    kind text NOT NULL,
    quantity_change numeric(28,8) NOT NULL,
    cash_change numeric(28,8) NOT NULL,
    number integer NOT NULL,
    after_order integer NOT NULL,
    bar_time time without time zone DEFAULT '00:00:00'::time without time zone NOT NULL,
    reason text,
    CONSTRAINT ck_adjustments_kind CHECK ((kind = ANY (ARRAY['split'::text, 'cash_dividend'::text, 'correction'::text]))),
    CONSTRAINT ck_adjustments_reason CHECK (((kind = 'correction'::text) = (reason IS NOT NULL))),
    CONSTRAINT ck_adjustments_symbol CHECK (((symbol IS NOT NULL) OR (quantity_change = (0)::numeric)))
);

COMMENT ON TABLE public.adjustments IS 'What corporate actions did at the open, and corrections towards a recording';

COMMENT ON COLUMN public.adjustments.symbol IS 'null when cash alone was corrected';

COMMENT ON COLUMN public.adjustments.number IS '1 is the first of the session';

COMMENT ON COLUMN public.adjustments.after_order IS 'how many orders came before it';

COMMENT ON COLUMN public.adjustments.reason IS 'of a correction';

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);

CREATE TABLE public.backtest_runs (
    backtest_id bigint NOT NULL,
    number integer NOT NULL,
    parameters jsonb NOT NULL,
    status text NOT NULL,
    reason text,
    metrics jsonb DEFAULT '{}'::jsonb NOT NULL,
    later jsonb DEFAULT '{}'::jsonb NOT NULL,
    equity jsonb DEFAULT '[]'::jsonb NOT NULL,
    fill_count integer DEFAULT 0 NOT NULL,
    refusal_count integer DEFAULT 0 NOT NULL,
    seconds double precision DEFAULT '0'::double precision NOT NULL,
    CONSTRAINT ck_backtest_runs_reason CHECK (((status = 'failed'::text) = (reason IS NOT NULL))),
    CONSTRAINT ck_backtest_runs_status CHECK ((status = ANY (ARRAY['completed'::text, 'failed'::text])))
);

COMMENT ON TABLE public.backtest_runs IS 'One combination of parameters, over all sessions of its backtest';

COMMENT ON COLUMN public.backtest_runs.number IS '1 is the first combination';

COMMENT ON COLUMN public.backtest_runs.reason IS 'why it failed';

COMMENT ON COLUMN public.backtest_runs.metrics IS 'that rank it';

COMMENT ON COLUMN public.backtest_runs.later IS 'after train_until';

COMMENT ON COLUMN public.backtest_runs.equity IS '[session, value] pairs';

CREATE TABLE public.backtests (
    id bigint NOT NULL,
    market text NOT NULL,
    model text NOT NULL,
    first_session date NOT NULL,
    last_session date NOT NULL,
    train_until date,
    grid jsonb NOT NULL,
    source text NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    reason text,
    run_id text DEFAULT ''::text NOT NULL,
    manifest jsonb DEFAULT '{}'::jsonb NOT NULL,
    summary jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    CONSTRAINT ck_backtests_range CHECK ((first_session <= last_session)),
    CONSTRAINT ck_backtests_status CHECK ((status = ANY (ARRAY['pending'::text, 'running'::text, 'completed'::text, 'partial'::text, 'failed'::text, 'canceled'::text]))),
    CONSTRAINT ck_backtests_train_until CHECK (((train_until >= first_session) AND (train_until < last_session)))
);

COMMENT ON TABLE public.backtests IS 'Parameter sweeps of a model: no part of the ledger';

COMMENT ON COLUMN public.backtests.model IS 'whose configuration is varied';

COMMENT ON COLUMN public.backtests.train_until IS 'what is later ranks no combination; null: all rank it';

COMMENT ON COLUMN public.backtests.grid IS '[parameter, values] pairs; all combinations run';

COMMENT ON COLUMN public.backtests.source IS 'who asked: cli, graphql, rest, ...';

COMMENT ON COLUMN public.backtests.summary IS 'tries, and the best';

ALTER TABLE public.backtests ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.backtests_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.bars (
    market text NOT NULL,
    session date NOT NULL,
    symbol text NOT NULL,
    vintage_id integer NOT NULL,
    open numeric(28,8) NOT NULL,
    high numeric(28,8),
    low numeric(28,8),
    close numeric(28,8),
    volume numeric(28,8),
    bar_time time without time zone DEFAULT '00:00:00'::time without time zone NOT NULL,
    CONSTRAINT ck_bars_close CHECK (((close > (0)::numeric) AND (close < 'Infinity'::numeric))),
    CONSTRAINT ck_bars_open CHECK (((open > (0)::numeric) AND (open < 'Infinity'::numeric))),
    CONSTRAINT ck_bars_range CHECK ((high >= low)),
    CONSTRAINT ck_bars_volume CHECK ((volume >= (0)::numeric))
);

COMMENT ON TABLE public.bars IS 'Unadjusted prices; a bar is stored again only when a later vintage restates it';

CREATE TABLE public.corporate_actions (
    market text NOT NULL,
    ex_date date NOT NULL,
    symbol text NOT NULL,
    kind text NOT NULL,
    vintage_id integer NOT NULL,
    value numeric(28,8) NOT NULL,
    CONSTRAINT ck_corporate_actions_kind CHECK ((kind = ANY (ARRAY['split'::text, 'cash_dividend'::text]))),
    CONSTRAINT ck_corporate_actions_value CHECK (((value > (0)::numeric) AND (value < 'Infinity'::numeric)))
);

COMMENT ON COLUMN public.corporate_actions.value IS 'new shares per old one, or cash per share';

CREATE TABLE public.model_days (
    id bigint NOT NULL,
    market text NOT NULL,
    model text NOT NULL,
    session date NOT NULL,
    revision integer NOT NULL,
    superseded_at timestamp with time zone,
    previous_id bigint,
    opening_cash numeric(28,8) NOT NULL,
    bought numeric(28,8) NOT NULL,
    sold numeric(28,8) NOT NULL,
    commission numeric(28,8) NOT NULL,
    adjustment_cash numeric(28,8) CONSTRAINT model_days_corporate_cash_not_null NOT NULL,
    closing_cash numeric(28,8) NOT NULL,
    value_open numeric(28,8) NOT NULL,
    value_close numeric(28,8),
    profit numeric(28,8) NOT NULL,
    daily_return double precision NOT NULL,
    start_value numeric(28,8) NOT NULL,
    peak_value numeric(28,8) NOT NULL,
    cumulative_return double precision NOT NULL,
    max_drawdown double precision NOT NULL,
    ending text NOT NULL,
    fill_count integer NOT NULL,
    refusal_count integer NOT NULL,
    manifest jsonb NOT NULL,
    request text NOT NULL,
    run_id text NOT NULL,
    stored_at timestamp with time zone DEFAULT now() NOT NULL,
    sealed_by bigint DEFAULT txid_current() NOT NULL,
    value numeric(28,8) NOT NULL,
    correction_count integer DEFAULT 0 NOT NULL,
    call_count bigint DEFAULT '0'::bigint NOT NULL,
    input_tokens bigint DEFAULT '0'::bigint NOT NULL,
    cached_tokens bigint DEFAULT '0'::bigint NOT NULL,
    output_tokens bigint DEFAULT '0'::bigint NOT NULL,
    reasoning_tokens bigint DEFAULT '0'::bigint NOT NULL,
    dollars numeric(20,10) DEFAULT '0'::numeric,
    waited double precision DEFAULT '0'::double precision NOT NULL,
    total_sessions integer NOT NULL,
    total_fills integer NOT NULL,
    total_refusals integer NOT NULL,
    total_corrections integer NOT NULL,
    total_traded numeric(28,8) NOT NULL,
    total_commission numeric(28,8) NOT NULL,
    total_tokens bigint NOT NULL,
    total_dollars numeric(20,10),
    CONSTRAINT ck_model_days_cash_balances CHECK ((closing_cash = ((((opening_cash - bought) + sold) - commission) + adjustment_cash))),
    CONSTRAINT ck_model_days_closing_cash CHECK (((closing_cash >= (0)::numeric) AND (closing_cash < 'Infinity'::numeric))),
    CONSTRAINT ck_model_days_dollars CHECK (((dollars >= (0)::numeric) AND (dollars < 'Infinity'::numeric))),
    CONSTRAINT ck_model_days_figures CHECK (((start_value > (0)::numeric) AND (start_value < 'Infinity'::numeric) AND (peak_value > (0)::numeric) AND (peak_value < 'Infinity'::numeric) AND (profit < 'Infinity'::numeric))),
    CONSTRAINT ck_model_days_flows CHECK (((bought >= (0)::numeric) AND (sold >= (0)::numeric) AND (commission >= (0)::numeric))),
    CONSTRAINT ck_model_days_opening_cash CHECK (((opening_cash >= (0)::numeric) AND (opening_cash < 'Infinity'::numeric))),
    CONSTRAINT ck_model_days_totals CHECK (((total_traded < 'Infinity'::numeric) AND (total_commission < 'Infinity'::numeric) AND (total_dollars < 'Infinity'::numeric))),
    CONSTRAINT ck_model_days_values CHECK (((value_open >= (0)::numeric) AND (value_open < 'Infinity'::numeric) AND (value_close >= (0)::numeric) AND (value_close < 'Infinity'::numeric) AND (value >= (0)::numeric) AND (value < 'Infinity'::numeric)))
);

COMMENT ON TABLE public.model_days IS 'One model trading one session; what a re-run superseded is kept';

COMMENT ON COLUMN public.model_days.request IS 'the job, backfill or run it was made for';

COMMENT ON COLUMN public.model_days.value IS 'at the last mark that is known';

COMMENT ON COLUMN public.model_days.total_traded IS 'the notional of all fills';

COMMENT ON COLUMN public.model_days.total_dollars IS 'null: the price of some is not known';

CREATE TABLE public.models (
    market text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    config jsonb NOT NULL,
    config_hash text NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_models_name CHECK ((name !~ '[,|]'::text))
);

CREATE VIEW public.equity_curve AS
 SELECT d.market,
    d.model,
    d.session,
    d.value_open,
    d.value_close,
    d.profit,
    d.daily_return,
    d.cumulative_return,
    ((d.value / d.peak_value) - (1)::numeric) AS drawdown,
    d.ending,
    (d.input_tokens + d.output_tokens) AS tokens,
    d.dollars,
    COALESCE((d.session <= ((m.config ->> 'knowledge_cutoff'::text))::date), false) AS before_cutoff
   FROM (public.model_days d
     LEFT JOIN public.models m ON (((m.market = d.market) AND (m.name = d.model))))
  WHERE (d.superseded_at IS NULL);

CREATE TABLE public.failed_days (
    id bigint NOT NULL,
    market text NOT NULL,
    model text NOT NULL,
    session date NOT NULL,
    reason text NOT NULL,
    request text NOT NULL,
    run_id text NOT NULL,
    failed_at timestamp with time zone DEFAULT now() NOT NULL,
    entries jsonb NOT NULL
);

COMMENT ON TABLE public.failed_days IS 'Transcripts of model-days that failed and are not in the ledger';

COMMENT ON COLUMN public.failed_days.entries IS 'what was said until it failed';

ALTER TABLE public.failed_days ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.failed_days_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.fills (
    model_day_id bigint NOT NULL,
    number integer NOT NULL,
    symbol text NOT NULL,
    side text NOT NULL,
    quantity numeric(28,8) NOT NULL,
    price numeric(28,8) NOT NULL,
    notional numeric(28,8) NOT NULL,
    commission numeric(28,8) NOT NULL,
    CONSTRAINT ck_fills_commission CHECK ((commission >= (0)::numeric)),
    CONSTRAINT ck_fills_notional CHECK ((notional = round((quantity * price), 8))),
    CONSTRAINT ck_fills_price CHECK (((price > (0)::numeric) AND (price < 'Infinity'::numeric))),
    CONSTRAINT ck_fills_quantity CHECK (((quantity > (0)::numeric) AND (quantity < 'Infinity'::numeric))),
    CONSTRAINT ck_fills_side CHECK ((side = ANY (ARRAY['buy'::text, 'sell'::text])))
);

COMMENT ON TABLE public.fills IS 'What was executed, at the bar''s open';

COMMENT ON COLUMN public.fills.number IS 'of the order';

CREATE TABLE public.holdings (
    model_day_id bigint NOT NULL,
    symbol text NOT NULL,
    quantity numeric(28,8) NOT NULL,
    CONSTRAINT ck_holdings_quantity CHECK (((quantity > (0)::numeric) AND (quantity < 'Infinity'::numeric)))
);

COMMENT ON TABLE public.holdings IS 'Quantities held at the close';

CREATE TABLE public.orders (
    model_day_id bigint NOT NULL,
    number integer NOT NULL,
    symbol text NOT NULL,
    side text NOT NULL,
    quantity numeric,
    outcome text NOT NULL,
    reason text,
    bar_time time without time zone DEFAULT '00:00:00'::time without time zone NOT NULL,
    code text,
    limit_price numeric,
    client_id text DEFAULT ''::text NOT NULL,
    CONSTRAINT ck_orders_code CHECK (((code IS NULL) OR (outcome = 'refused'::text))),
    CONSTRAINT ck_orders_outcome CHECK ((outcome = ANY (ARRAY['filled'::text, 'refused'::text]))),
    CONSTRAINT ck_orders_reason CHECK (((outcome = 'refused'::text) = (reason IS NOT NULL))),
    CONSTRAINT ck_orders_side CHECK ((side = ANY (ARRAY['buy'::text, 'sell'::text])))
);

COMMENT ON TABLE public.orders IS 'Every order of a model-day, in order, refused ones included';

COMMENT ON COLUMN public.orders.number IS '1 is the first of the session';

COMMENT ON COLUMN public.orders.quantity IS 'null when what was asked for is no quantity';

COMMENT ON COLUMN public.orders.reason IS 'why it was refused';

COMMENT ON COLUMN public.orders.code IS 'the same for programs';

COMMENT ON COLUMN public.orders.limit_price IS 'null is a market order';

CREATE VIEW public.positions AS
 SELECT ((d.id * 100000) + COALESCE(o.number, 0)) AS id,
        CASE
            WHEN (d.request ~ '^job-[0-9]+$'::text) THEN (substr(d.request, 5))::bigint
            ELSE NULL::bigint
        END AS job_id,
    d.market,
    d.session AS date,
    d.model,
    COALESCE(o.number, 0) AS action_id,
    COALESCE(o.side, 'no_trade'::text) AS action_type,
    o.symbol,
    COALESCE(f.quantity, (0)::numeric) AS amount,
    f.price,
    d.closing_cash AS cash,
    d.value AS portfolio_value,
    d.profit AS daily_profit,
    (d.daily_return * (100)::double precision) AS daily_return_pct,
    d.stored_at AS created_at
   FROM ((public.model_days d
     LEFT JOIN public.orders o ON (((o.model_day_id = d.id) AND (o.outcome = 'filled'::text))))
     LEFT JOIN public.fills f ON (((f.model_day_id = d.id) AND (f.number = o.number))))
  WHERE (d.superseded_at IS NULL);

CREATE VIEW public.holdings_by_position AS
 SELECT p.id AS position_id,
    h.symbol,
    h.quantity
   FROM (( SELECT max(positions.id) AS id,
            (positions.id / 100000) AS model_day_id
           FROM public.positions
          GROUP BY (positions.id / 100000)) p
     JOIN public.holdings h ON ((h.model_day_id = p.model_day_id)));

CREATE TABLE public.job_details (
    job_id bigint NOT NULL,
    model text NOT NULL,
    session date NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    reason text,
    attempt integer DEFAULT 0 NOT NULL,
    run_id text,
    seconds double precision,
    CONSTRAINT ck_job_details_reason CHECK (((status <> ALL (ARRAY['failed'::text, 'skipped'::text])) OR (reason IS NOT NULL))),
    CONSTRAINT ck_job_details_status CHECK ((status = ANY (ARRAY['pending'::text, 'running'::text, 'completed'::text, 'failed'::text, 'skipped'::text, 'canceled'::text])))
);

COMMENT ON TABLE public.job_details IS 'One row per model-day of a job';

COMMENT ON COLUMN public.job_details.reason IS 'why it was skipped or failed';

CREATE TABLE public.jobs (
    id bigint NOT NULL,
    market text NOT NULL,
    first_session date NOT NULL,
    last_session date NOT NULL,
    models text[] NOT NULL,
    replace_existing boolean NOT NULL,
    fresh boolean NOT NULL,
    source text NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    cancel_requested boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    max_dollars numeric(20,10),
    max_tokens bigint,
    CONSTRAINT ck_jobs_budget CHECK (((max_dollars > (0)::numeric) AND (max_dollars < 'Infinity'::numeric) AND (max_tokens > 0))),
    CONSTRAINT ck_jobs_models CHECK ((cardinality(models) > 0)),
    CONSTRAINT ck_jobs_range CHECK ((first_session <= last_session)),
    CONSTRAINT ck_jobs_status CHECK ((status = ANY (ARRAY['pending'::text, 'running'::text, 'completed'::text, 'partial'::text, 'failed'::text, 'canceled'::text])))
);

COMMENT ON TABLE public.jobs IS 'Requests: a range of sessions x models';

COMMENT ON COLUMN public.jobs.source IS 'who asked: cli, graphql, schedule, ...';

COMMENT ON COLUMN public.jobs.max_dollars IS 'that its models may spend; null is without limit';

ALTER TABLE public.jobs ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.jobs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW public.latest_days AS
 WITH RECURSIVE traded AS (
        ( SELECT model_days.market,
            model_days.model
           FROM public.model_days
          WHERE (model_days.superseded_at IS NULL)
          ORDER BY model_days.market, model_days.model
         LIMIT 1)
        UNION ALL
         SELECT next.market,
            next.model
           FROM (traded traded_1
             CROSS JOIN LATERAL ( SELECT d.market,
                    d.model
                   FROM public.model_days d
                  WHERE ((d.superseded_at IS NULL) AND (ROW(d.market, d.model) > ROW(traded_1.market, traded_1.model)))
                  ORDER BY d.market, d.model
                 LIMIT 1) next)
        )
 SELECT latest.id,
    latest.market,
    latest.model,
    latest.session,
    latest.revision,
    latest.superseded_at,
    latest.previous_id,
    latest.opening_cash,
    latest.bought,
    latest.sold,
    latest.commission,
    latest.adjustment_cash,
    latest.closing_cash,
    latest.value_open,
    latest.value_close,
    latest.profit,
    latest.daily_return,
    latest.start_value,
    latest.peak_value,
    latest.cumulative_return,
    latest.max_drawdown,
    latest.ending,
    latest.fill_count,
    latest.refusal_count,
    latest.manifest,
    latest.request,
    latest.run_id,
    latest.stored_at,
    latest.sealed_by,
    latest.value,
    latest.correction_count,
    latest.call_count,
    latest.input_tokens,
    latest.cached_tokens,
    latest.output_tokens,
    latest.reasoning_tokens,
    latest.dollars,
    latest.waited,
    latest.total_sessions,
    latest.total_fills,
    latest.total_refusals,
    latest.total_corrections,
    latest.total_traded,
    latest.total_commission,
    latest.total_tokens,
    latest.total_dollars
   FROM (traded
     CROSS JOIN LATERAL ( SELECT d.id,
            d.market,
            d.model,
            d.session,
            d.revision,
            d.superseded_at,
            d.previous_id,
            d.opening_cash,
            d.bought,
            d.sold,
            d.commission,
            d.adjustment_cash,
            d.closing_cash,
            d.value_open,
            d.value_close,
            d.profit,
            d.daily_return,
            d.start_value,
            d.peak_value,
            d.cumulative_return,
            d.max_drawdown,
            d.ending,
            d.fill_count,
            d.refusal_count,
            d.manifest,
            d.request,
            d.run_id,
            d.stored_at,
            d.sealed_by,
            d.value,
            d.correction_count,
            d.call_count,
            d.input_tokens,
            d.cached_tokens,
            d.output_tokens,
            d.reasoning_tokens,
            d.dollars,
            d.waited,
            d.total_sessions,
            d.total_fills,
            d.total_refusals,
            d.total_corrections,
            d.total_traded,
            d.total_commission,
            d.total_tokens,
            d.total_dollars
           FROM public.model_days d
          WHERE ((d.market = traded.market) AND (d.model = traded.model) AND (d.superseded_at IS NULL))
          ORDER BY d.session DESC
         LIMIT 1) latest);

CREATE VIEW public.leaderboard AS
 SELECT d.market,
    d.model,
    d.session AS as_of,
    d.start_value,
    d.value,
    d.cumulative_return,
    d.max_drawdown,
    d.total_sessions AS sessions,
    d.total_fills AS fills,
    d.total_refusals AS refusals,
    d.total_corrections AS corrections,
    d.total_traded AS traded,
    d.total_commission AS commission,
    d.total_tokens AS tokens,
    d.total_dollars AS dollars,
    COALESCE(before.total_sessions, 0) AS sessions_before_cutoff,
    rank() OVER (PARTITION BY d.market ORDER BY d.cumulative_return DESC) AS rank
   FROM ((public.latest_days d
     LEFT JOIN public.models m ON (((m.market = d.market) AND (m.name = d.model))))
     LEFT JOIN LATERAL ( SELECT b.total_sessions
           FROM public.model_days b
          WHERE ((b.market = d.market) AND (b.model = d.model) AND (b.superseded_at IS NULL) AND (b.session <= ((m.config ->> 'knowledge_cutoff'::text))::date))
          ORDER BY b.session DESC
         LIMIT 1) before ON (true));

CREATE TABLE public.leaderboards (
    id bigint NOT NULL,
    market text NOT NULL,
    as_of text NOT NULL,
    published_at timestamp with time zone DEFAULT now() NOT NULL,
    run_id text NOT NULL,
    rows jsonb NOT NULL,
    judgement jsonb NOT NULL
);

COMMENT ON TABLE public.leaderboards IS 'Leaderboards as they were published';

COMMENT ON COLUMN public.leaderboards.as_of IS 'the state of the ledger it was made from';

COMMENT ON COLUMN public.leaderboards.judgement IS 'how sure its order is';

ALTER TABLE public.leaderboards ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.leaderboards_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.marks (
    model_day_id bigint NOT NULL,
    bar_time time without time zone DEFAULT '00:00:00'::time without time zone NOT NULL,
    value_open numeric(28,8) NOT NULL,
    value_close numeric(28,8),
    CONSTRAINT ck_marks_value_close CHECK (((value_close >= (0)::numeric) AND (value_close < 'Infinity'::numeric))),
    CONSTRAINT ck_marks_value_open CHECK (((value_open >= (0)::numeric) AND (value_open < 'Infinity'::numeric)))
);

COMMENT ON TABLE public.marks IS 'The value over each bar of an intraday session';

CREATE TABLE public.model_calls (
    id bigint NOT NULL,
    key text NOT NULL,
    after_key text,
    market text NOT NULL,
    model text NOT NULL,
    session date NOT NULL,
    number integer NOT NULL,
    request text NOT NULL,
    asked text NOT NULL,
    outcome text NOT NULL,
    reply text NOT NULL,
    digest text NOT NULL,
    call_count bigint DEFAULT '0'::bigint NOT NULL,
    input_tokens bigint DEFAULT '0'::bigint NOT NULL,
    cached_tokens bigint DEFAULT '0'::bigint NOT NULL,
    output_tokens bigint DEFAULT '0'::bigint NOT NULL,
    reasoning_tokens bigint DEFAULT '0'::bigint NOT NULL,
    dollars numeric(20,10) DEFAULT '0'::numeric,
    waited double precision DEFAULT '0'::double precision NOT NULL,
    made_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_model_calls_dollars CHECK (((dollars >= (0)::numeric) AND (dollars < 'Infinity'::numeric))),
    CONSTRAINT ck_model_calls_outcome CHECK ((outcome = ANY (ARRAY['replied'::text, 'refused'::text, 'deadline'::text, 'cost_limit'::text, 'failed'::text])))
);

COMMENT ON TABLE public.model_calls IS 'Questions to the outside and their answers, kept before they are acted on';

COMMENT ON COLUMN public.model_calls.key IS 'hash of all that was asked';

COMMENT ON COLUMN public.model_calls.after_key IS 'the call whose conversation this one goes on with';

COMMENT ON COLUMN public.model_calls.number IS 'of the model-day''s calls, 1 is the first';

COMMENT ON COLUMN public.model_calls.request IS 'the job, backfill or run that paid for it';

COMMENT ON COLUMN public.model_calls.asked IS 'JSON, without what after_key had already said';

COMMENT ON COLUMN public.model_calls.reply IS 'JSON, as it came';

COMMENT ON COLUMN public.model_calls.digest IS 'of outcome and reply, as they were kept';

ALTER TABLE public.model_calls ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.model_calls_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE public.model_days ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.model_days_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.order_events (
    model_day_id bigint NOT NULL,
    number integer NOT NULL,
    at bigint NOT NULL,
    event text NOT NULL,
    client_id text NOT NULL,
    facts text NOT NULL,
    hash text NOT NULL
);

COMMENT ON TABLE public.order_events IS 'The audit trail of orders that a venue works over time, each row chained to the last';

COMMENT ON COLUMN public.order_events.number IS '1 is the first of the session';

COMMENT ON COLUMN public.order_events.at IS 'ns since 1970 UTC';

COMMENT ON COLUMN public.order_events.client_id IS 'of the order; empty: of all';

COMMENT ON COLUMN public.order_events.facts IS 'canonical JSON';

COMMENT ON COLUMN public.order_events.hash IS 'over the hash before and this row';

CREATE TABLE public.predictions (
    market text NOT NULL,
    session date NOT NULL,
    key text NOT NULL,
    network text NOT NULL,
    digest text NOT NULL,
    features text NOT NULL,
    backend text NOT NULL,
    "precision" text NOT NULL,
    prices text NOT NULL,
    scores jsonb NOT NULL,
    made_of jsonb NOT NULL,
    made_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE public.predictions IS 'What networks say of daily sessions; whoever needs one that is not here asks again';

COMMENT ON COLUMN public.predictions.key IS 'hash of who scored what of which prices';

COMMENT ON COLUMN public.predictions.digest IS 'sha256 of the network''s file';

COMMENT ON COLUMN public.predictions.features IS 'the version of what it was told';

COMMENT ON COLUMN public.predictions.backend IS 'that ran it';

COMMENT ON COLUMN public.predictions.prices IS 'source and newest vintage that it could see';

COMMENT ON COLUMN public.predictions.scores IS 'by symbol, as of the session''s open';

COMMENT ON COLUMN public.predictions.made_of IS 'runtime, device, versions, engine';

CREATE VIEW public.prediction_scores AS
 SELECT p.market,
    p.session,
    s.symbol,
    (s.score)::double precision AS score,
    p.network,
    p.digest,
    p.features,
    p.backend,
    p."precision",
    p.prices,
    p.made_at
   FROM (public.predictions p
     CROSS JOIN LATERAL jsonb_each_text(p.scores) s(symbol, score));

CREATE TABLE public.purged_spending (
    id bigint NOT NULL,
    market text NOT NULL,
    model text NOT NULL,
    call_count bigint DEFAULT '0'::bigint NOT NULL,
    input_tokens bigint DEFAULT '0'::bigint NOT NULL,
    cached_tokens bigint DEFAULT '0'::bigint NOT NULL,
    output_tokens bigint DEFAULT '0'::bigint NOT NULL,
    reasoning_tokens bigint DEFAULT '0'::bigint NOT NULL,
    dollars numeric(20,10) DEFAULT '0'::numeric,
    waited double precision DEFAULT '0'::double precision NOT NULL,
    purged_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_purged_spending_dollars CHECK (((dollars >= (0)::numeric) AND (dollars < 'Infinity'::numeric)))
);

COMMENT ON TABLE public.purged_spending IS 'What calls took that retention has deleted: it is spent all the same';

ALTER TABLE public.purged_spending ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.purged_spending_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.transcripts (
    model_day_id bigint NOT NULL,
    entries jsonb NOT NULL
);

COMMENT ON TABLE public.transcripts IS 'What was said and done, in order';

CREATE VIEW public.reasoning_logs AS
 SELECT
        CASE
            WHEN (d.request ~ '^job-[0-9]+$'::text) THEN (substr(d.request, 5))::bigint
            ELSE NULL::bigint
        END AS job_id,
    d.market,
    d.session AS date,
    d.model,
    (e.step_number)::integer AS step_number,
    d.stored_at AS "timestamp",
    (e.entry ->> 'role'::text) AS role,
    (e.entry ->> 'text'::text) AS content
   FROM ((public.model_days d
     JOIN public.transcripts t ON ((t.model_day_id = d.id)))
     CROSS JOIN LATERAL jsonb_array_elements(t.entries) WITH ORDINALITY e(entry, step_number))
  WHERE (d.superseded_at IS NULL);

CREATE TABLE public.suggestion_scans (
    id bigint NOT NULL,
    market text NOT NULL,
    model text NOT NULL,
    session date NOT NULL,
    portfolio jsonb NOT NULL,
    priced_on date NOT NULL,
    account text NOT NULL,
    source text NOT NULL,
    status text NOT NULL,
    reason text,
    remark text DEFAULT ''::text NOT NULL,
    run_id text DEFAULT ''::text NOT NULL,
    manifest jsonb DEFAULT '{}'::jsonb NOT NULL,
    made_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_suggestion_scans_reason CHECK (((status = 'failed'::text) = (reason IS NOT NULL))),
    CONSTRAINT ck_suggestion_scans_status CHECK ((status = ANY (ARRAY['completed'::text, 'failed'::text])))
);

COMMENT ON TABLE public.suggestion_scans IS 'What a model would do now with a portfolio; nothing of it is traded';

COMMENT ON COLUMN public.suggestion_scans.session IS 'at whose open it looked';

COMMENT ON COLUMN public.suggestion_scans.portfolio IS 'cash and positions that it looked at';

COMMENT ON COLUMN public.suggestion_scans.priced_on IS 'before the session: at the closes of then';

COMMENT ON COLUMN public.suggestion_scans.account IS 'whose: the model''s own, or a broker''s';

COMMENT ON COLUMN public.suggestion_scans.source IS 'who asked: cli, graphql, schedule, ...';

COMMENT ON COLUMN public.suggestion_scans.remark IS 'what the model said last';

ALTER TABLE public.suggestion_scans ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.suggestion_scans_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.suggestions (
    scan_id bigint NOT NULL,
    number integer NOT NULL,
    symbol text NOT NULL,
    side text NOT NULL,
    quantity numeric,
    price numeric(28,8),
    score double precision,
    reason text NOT NULL,
    denial text,
    code text,
    CONSTRAINT ck_suggestions_denial CHECK (((code IS NULL) OR (denial IS NOT NULL))),
    CONSTRAINT ck_suggestions_side CHECK ((side = ANY (ARRAY['buy'::text, 'sell'::text])))
);

COMMENT ON TABLE public.suggestions IS 'Orders that a scan proposes';

COMMENT ON COLUMN public.suggestions.quantity IS 'null when what was asked for is no quantity';

COMMENT ON COLUMN public.suggestions.price IS 'that it was reckoned at; null: it is not on offer';

COMMENT ON COLUMN public.suggestions.reason IS 'why the model would';

COMMENT ON COLUMN public.suggestions.denial IS 'why risk would deny it, if it would';

COMMENT ON COLUMN public.suggestions.code IS 'the same for programs';

CREATE VIEW public.tool_usage AS
 SELECT
        CASE
            WHEN (d.request ~ '^job-[0-9]+$'::text) THEN (substr(d.request, 5))::bigint
            ELSE NULL::bigint
        END AS job_id,
    d.market,
    d.session AS date,
    d.model,
    (e.entry ->> 'tool'::text) AS tool_name,
    (count(*))::integer AS call_count
   FROM ((public.model_days d
     JOIN public.transcripts t ON ((t.model_day_id = d.id)))
     CROSS JOIN LATERAL jsonb_array_elements(t.entries) e(entry))
  WHERE ((d.superseded_at IS NULL) AND ((e.entry ->> 'tool'::text) IS NOT NULL) AND ((e.entry ->> 'role'::text) =
        CASE
            WHEN (d.call_count > 0) THEN 'call'::text
            ELSE 'desk'::text
        END))
  GROUP BY
        CASE
            WHEN (d.request ~ '^job-[0-9]+$'::text) THEN (substr(d.request, 5))::bigint
            ELSE NULL::bigint
        END, d.market, d.session, d.model, (e.entry ->> 'tool'::text);

CREATE TABLE public.trading_states (
    id bigint NOT NULL,
    market text NOT NULL,
    model text DEFAULT ''::text NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    source text NOT NULL,
    set_at timestamp with time zone DEFAULT now() NOT NULL,
    hash text NOT NULL,
    CONSTRAINT ck_trading_states_reason CHECK ((reason <> ''::text)),
    CONSTRAINT ck_trading_states_state CHECK ((state = ANY (ARRAY['active'::text, 'reducing'::text, 'halted'::text])))
);

COMMENT ON TABLE public.trading_states IS 'The kill switch: every throw of it, the newest counts';

COMMENT ON COLUMN public.trading_states.model IS 'empty: all of the arena';

COMMENT ON COLUMN public.trading_states.source IS 'who asked: cli, rest, graphql, live, ...';

COMMENT ON COLUMN public.trading_states.hash IS 'over the hash before and this row';

ALTER TABLE public.trading_states ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.trading_states_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.vintages (
    id integer NOT NULL,
    market text NOT NULL,
    source text NOT NULL,
    label text NOT NULL,
    imported_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE public.vintages IS 'Editions of a price history; vendors restate theirs';

ALTER TABLE public.vintages ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.vintages_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY public.adjustments
    ADD CONSTRAINT pk_adjustments PRIMARY KEY (model_day_id, number);

ALTER TABLE ONLY public.backtest_runs
    ADD CONSTRAINT pk_backtest_runs PRIMARY KEY (backtest_id, number);

ALTER TABLE ONLY public.backtests
    ADD CONSTRAINT pk_backtests PRIMARY KEY (id);

ALTER TABLE ONLY public.bars
    ADD CONSTRAINT pk_bars PRIMARY KEY (market, session, symbol, bar_time, vintage_id);

ALTER TABLE ONLY public.corporate_actions
    ADD CONSTRAINT pk_corporate_actions PRIMARY KEY (market, ex_date, symbol, kind, vintage_id);

ALTER TABLE ONLY public.failed_days
    ADD CONSTRAINT pk_failed_days PRIMARY KEY (id);

ALTER TABLE ONLY public.fills
    ADD CONSTRAINT pk_fills PRIMARY KEY (model_day_id, number);

ALTER TABLE ONLY public.holdings
    ADD CONSTRAINT pk_holdings PRIMARY KEY (model_day_id, symbol);

ALTER TABLE ONLY public.job_details
    ADD CONSTRAINT pk_job_details PRIMARY KEY (job_id, model, session);

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT pk_jobs PRIMARY KEY (id);

ALTER TABLE ONLY public.leaderboards
    ADD CONSTRAINT pk_leaderboards PRIMARY KEY (id);

ALTER TABLE ONLY public.marks
    ADD CONSTRAINT pk_marks PRIMARY KEY (model_day_id, bar_time);

ALTER TABLE ONLY public.model_calls
    ADD CONSTRAINT pk_model_calls PRIMARY KEY (id);

ALTER TABLE ONLY public.model_days
    ADD CONSTRAINT pk_model_days PRIMARY KEY (id);

ALTER TABLE ONLY public.models
    ADD CONSTRAINT pk_models PRIMARY KEY (market, name);

ALTER TABLE ONLY public.order_events
    ADD CONSTRAINT pk_order_events PRIMARY KEY (model_day_id, number);

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT pk_orders PRIMARY KEY (model_day_id, number);

ALTER TABLE ONLY public.predictions
    ADD CONSTRAINT pk_predictions PRIMARY KEY (market, session, key);

ALTER TABLE ONLY public.purged_spending
    ADD CONSTRAINT pk_purged_spending PRIMARY KEY (id);

ALTER TABLE ONLY public.suggestion_scans
    ADD CONSTRAINT pk_suggestion_scans PRIMARY KEY (id);

ALTER TABLE ONLY public.suggestions
    ADD CONSTRAINT pk_suggestions PRIMARY KEY (scan_id, number);

ALTER TABLE ONLY public.trading_states
    ADD CONSTRAINT pk_trading_states PRIMARY KEY (id);

ALTER TABLE ONLY public.transcripts
    ADD CONSTRAINT pk_transcripts PRIMARY KEY (model_day_id);

ALTER TABLE ONLY public.vintages
    ADD CONSTRAINT pk_vintages PRIMARY KEY (id);

CREATE INDEX ix_backtests_market ON public.backtests USING btree (market, id);

CREATE INDEX ix_failed_days_model ON public.failed_days USING btree (market, model, session);

CREATE UNIQUE INDEX ix_jobs_one_running ON public.jobs USING btree (market) WHERE (status = 'running'::text);

CREATE INDEX ix_leaderboards_market ON public.leaderboards USING btree (market, id);

CREATE INDEX ix_model_calls_day ON public.model_calls USING btree (market, model, session);

CREATE INDEX ix_model_calls_key ON public.model_calls USING btree (key);

CREATE INDEX ix_model_calls_request ON public.model_calls USING btree (request);

CREATE UNIQUE INDEX ix_model_days_beginning ON public.model_days USING btree (market, model) WHERE ((superseded_at IS NULL) AND (previous_id IS NULL));

CREATE UNIQUE INDEX ix_model_days_follower ON public.model_days USING btree (previous_id) WHERE (superseded_at IS NULL);

CREATE UNIQUE INDEX ix_model_days_live ON public.model_days USING btree (market, model, session) WHERE (superseded_at IS NULL);

CREATE INDEX ix_model_days_previous ON public.model_days USING btree (previous_id);

CREATE UNIQUE INDEX ix_model_days_revision ON public.model_days USING btree (market, model, session, revision);

CREATE INDEX ix_model_days_session ON public.model_days USING btree (market, session) WHERE (superseded_at IS NULL);

CREATE INDEX ix_purged_spending_model ON public.purged_spending USING btree (market, model);

CREATE INDEX ix_suggestion_scans_market ON public.suggestion_scans USING btree (market, model, id);

CREATE INDEX ix_trading_states_market ON public.trading_states USING btree (market, model, id);

CREATE UNIQUE INDEX ix_vintages_name ON public.vintages USING btree (market, source, label);

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.adjustments FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER append_only BEFORE UPDATE ON public.failed_days FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.fills FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.holdings FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.marks FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER append_only BEFORE UPDATE ON public.model_calls FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE ON public.model_days FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.order_events FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.orders FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.trading_states FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.transcripts FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE CONSTRAINT TRIGGER ledger_balances AFTER INSERT ON public.model_days DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.check_ledger();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON public.adjustments FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON public.fills FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON public.holdings FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON public.marks FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON public.model_days FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON public.order_events FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON public.orders FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON public.trading_states FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER no_truncate BEFORE TRUNCATE ON public.transcripts FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER only_supersede BEFORE UPDATE ON public.model_days FOR EACH ROW EXECUTE FUNCTION public.only_supersede();

CREATE TRIGGER sealed AFTER INSERT ON public.adjustments REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_late_rows();

CREATE TRIGGER sealed AFTER INSERT ON public.fills REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_late_rows();

CREATE TRIGGER sealed AFTER INSERT ON public.holdings REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_late_rows();

CREATE TRIGGER sealed AFTER INSERT ON public.marks REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_late_rows();

CREATE TRIGGER sealed AFTER INSERT ON public.order_events REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_late_rows();

CREATE TRIGGER sealed AFTER INSERT ON public.orders REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_late_rows();

CREATE TRIGGER sealed AFTER INSERT ON public.transcripts REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_late_rows();

ALTER TABLE ONLY public.adjustments
    ADD CONSTRAINT fk_adjustments_model_day_id FOREIGN KEY (model_day_id) REFERENCES public.model_days(id);

ALTER TABLE ONLY public.backtest_runs
    ADD CONSTRAINT fk_backtest_runs_backtest_id FOREIGN KEY (backtest_id) REFERENCES public.backtests(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.bars
    ADD CONSTRAINT fk_bars_vintage_id FOREIGN KEY (vintage_id) REFERENCES public.vintages(id);

ALTER TABLE ONLY public.corporate_actions
    ADD CONSTRAINT fk_corporate_actions_vintage_id FOREIGN KEY (vintage_id) REFERENCES public.vintages(id);

ALTER TABLE ONLY public.fills
    ADD CONSTRAINT fk_fills_model_day_id FOREIGN KEY (model_day_id) REFERENCES public.model_days(id);

ALTER TABLE ONLY public.holdings
    ADD CONSTRAINT fk_holdings_model_day_id FOREIGN KEY (model_day_id) REFERENCES public.model_days(id);

ALTER TABLE ONLY public.job_details
    ADD CONSTRAINT fk_job_details_job_id FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.marks
    ADD CONSTRAINT fk_marks_model_day_id FOREIGN KEY (model_day_id) REFERENCES public.model_days(id);

ALTER TABLE ONLY public.model_days
    ADD CONSTRAINT fk_model_days_previous_id FOREIGN KEY (previous_id) REFERENCES public.model_days(id);

ALTER TABLE ONLY public.order_events
    ADD CONSTRAINT fk_order_events_model_day_id FOREIGN KEY (model_day_id) REFERENCES public.model_days(id);

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT fk_orders_model_day_id FOREIGN KEY (model_day_id) REFERENCES public.model_days(id);

ALTER TABLE ONLY public.suggestions
    ADD CONSTRAINT fk_suggestions_scan_id FOREIGN KEY (scan_id) REFERENCES public.suggestion_scans(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.transcripts
    ADD CONSTRAINT fk_transcripts_model_day_id FOREIGN KEY (model_day_id) REFERENCES public.model_days(id);
