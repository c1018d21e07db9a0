-- Each model's latest standing, best return first, with what it has cost so far and how many of
-- its sessions are not after its knowledge cutoff.
create view leaderboard as
select d.market, d.model, d.session as as_of, d.start_value, d.value, d.cumulative_return,
       d.max_drawdown, d.total_sessions as sessions, d.total_fills as fills,
       d.total_refusals as refusals, d.total_corrections as corrections,
       d.total_traded as traded, d.total_commission as commission,
       d.total_tokens as tokens, d.total_dollars as dollars,
       coalesce(before.total_sessions, 0) as sessions_before_cutoff,
       rank() over (partition by d.market order by d.cumulative_return desc) as rank
  from latest_days d
  left join models m on (m.market, m.name) = (d.market, d.model)
  left join lateral (select b.total_sessions from model_days b
                      where b.market = d.market and b.model = d.model and b.superseded_at is null
                        and b.session <= (m.config ->> 'knowledge_cutoff')::date
                      order by b.session desc limit 1) before on true;
