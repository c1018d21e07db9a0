-- $1 rows (jsonb)
insert into aitrader_results (market, model, session, result)
select market, model, session, result
  from jsonb_to_recordset($1::jsonb) as r (market text, model text, session date, result jsonb)
    on conflict (market, model, session) do update set result = excluded.result, stored_at = now()
