-- The ledger as the database enforces it: a model-day is sealed by the transaction that stores it.

create function refuse_change() returns trigger language plpgsql as $$
begin
    -- retention says so for the length of its transaction; nobody may change a row, ever
    if tg_op = 'DELETE' and current_setting('aitrader.purging', true) = 'on' then
        return old;
    end if;
    raise exception '% is append-only: a stored model-day is superseded, never changed', tg_table_name
        using errcode = 'integrity_constraint_violation';
end $$;

create function only_supersede() returns trigger language plpgsql as $$
begin
    if old.superseded_at is not null or new.superseded_at is null
       or to_jsonb(old) - 'superseded_at' <> to_jsonb(new) - 'superseded_at' then
        raise exception 'model_days is append-only: a stored model-day is superseded, never changed'
            using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;

create function refuse_late_rows() returns trigger language plpgsql as $$
begin
    if exists (select from added join model_days d on d.id = added.model_day_id
               where d.sealed_by <> txid_current()) then
        raise exception 'rows of % belong to a model-day that is already sealed', tg_table_name
            using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end $$;

-- closing = opening + fills + adjustments - costs, in cash and in every symbol
create function check_ledger() returns trigger language plpgsql as $$
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

create constraint trigger ledger_balances after insert on model_days
    deferrable initially deferred for each row execute function check_ledger();
create trigger only_supersede before update on model_days
    for each row execute function only_supersede();
create trigger append_only before delete on model_days
    for each row execute function refuse_change();

create trigger append_only before update or delete on orders
    for each row execute function refuse_change();
create trigger sealed after insert on orders
    referencing new table as added for each statement execute function refuse_late_rows();

create trigger append_only before update or delete on fills
    for each row execute function refuse_change();
create trigger sealed after insert on fills
    referencing new table as added for each statement execute function refuse_late_rows();

create trigger append_only before update or delete on adjustments
    for each row execute function refuse_change();
create trigger sealed after insert on adjustments
    referencing new table as added for each statement execute function refuse_late_rows();

create trigger append_only before update or delete on holdings
    for each row execute function refuse_change();
create trigger sealed after insert on holdings
    referencing new table as added for each statement execute function refuse_late_rows();

create trigger append_only before update or delete on marks
    for each row execute function refuse_change();
create trigger sealed after insert on marks
    referencing new table as added for each statement execute function refuse_late_rows();

create trigger append_only before update or delete on order_events
    for each row execute function refuse_change();
create trigger sealed after insert on order_events
    referencing new table as added for each statement execute function refuse_late_rows();

create trigger append_only before update or delete on transcripts
    for each row execute function refuse_change();
create trigger sealed after insert on transcripts
    referencing new table as added for each statement execute function refuse_late_rows();

-- what was asked and answered; only the retention of old rows deletes some
create trigger append_only before update on model_calls
    for each row execute function refuse_change();
create trigger append_only before update on failed_days
    for each row execute function refuse_change();

-- the kill switch remembers every throw of it
create trigger append_only before update or delete on trading_states
    for each row execute function refuse_change();
create trigger no_truncate before truncate on trading_states
    for each statement execute function refuse_change();

-- row triggers do not see a truncate
create trigger no_truncate before truncate on model_days
    for each statement execute function refuse_change();
create trigger no_truncate before truncate on orders
    for each statement execute function refuse_change();
create trigger no_truncate before truncate on fills
    for each statement execute function refuse_change();
create trigger no_truncate before truncate on adjustments
    for each statement execute function refuse_change();
create trigger no_truncate before truncate on holdings
    for each statement execute function refuse_change();
create trigger no_truncate before truncate on order_events
    for each statement execute function refuse_change();
create trigger no_truncate before truncate on marks
    for each statement execute function refuse_change();
create trigger no_truncate before truncate on transcripts
    for each statement execute function refuse_change();
