-- What each model said, step by step.
create view reasoning_logs as
select case when d.request ~ '^job-[0-9]+$' then substr(d.request, 5)::bigint end as job_id,
       d.market,
       d.session as date,
       d.model,
       e.step_number::integer,
       d.stored_at as "timestamp",
       e.entry ->> 'role' as role,
       e.entry ->> 'text' as content
  from model_days d
  join transcripts t on t.model_day_id = d.id
 cross join lateral jsonb_array_elements(t.entries) with ordinality as e (entry, step_number)
 where d.superseded_at is null;
