-- How often each model called each tool in a session; an order that no tool placed is one.
create view tool_usage as
select case when d.request ~ '^job-[0-9]+$' then substr(d.request, 5)::bigint end as job_id,
       d.market,
       d.session as date,
       d.model,
       e.entry ->> 'tool' as tool_name,
       count(*)::integer as call_count
  from model_days d
  join transcripts t on t.model_day_id = d.id
 cross join lateral jsonb_array_elements(t.entries) as e (entry)
 where d.superseded_at is null
   and e.entry ->> 'tool' is not null
   and e.entry ->> 'role' = case when d.call_count > 0 then 'call' else 'desk' end
 group by 1, 2, 3, 4, 5;
