-- One row per action, as the older job API kept them; the state is the one at the session's close.
create view positions as
select d.id * 100000 + coalesce(o.number, 0) as id,
       case when d.request ~ '^job-[0-9]+$' then substr(d.request, 5)::bigint end as job_id,
       d.market,
       d.session as date,
       d.model,
       coalesce(o.number, 0) as action_id,
       coalesce(o.side, 'no_trade') as action_type,
       o.symbol,
       coalesce(f.quantity, 0) as amount,
       f.price,
       d.closing_cash as cash,
       d.value as portfolio_value,
       d.profit as daily_profit,
       d.daily_return * 100 as daily_return_pct,
       d.stored_at as created_at
  from model_days d
  left join orders o on o.model_day_id = d.id and o.outcome = 'filled'
  left join fills f on f.model_day_id = d.id and f.number = o.number
 where d.superseded_at is null;
