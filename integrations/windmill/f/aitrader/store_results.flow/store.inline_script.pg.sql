-- $1 rows (jsonb)
insert into aitrader_results (market, model, date, result)
select market, model, date, result
  from jsonb_to_recordset($1::jsonb) as r (market text, model text, date date, result jsonb)
    on conflict (market, model, date) do update set result = excluded.result, stored_at = now()
