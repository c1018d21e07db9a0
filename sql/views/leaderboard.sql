-- Each model's latest standing, best return first, with what it has cost so far and how many of
-- its sessions are not after its knowledge cutoff.
create view leaderboard as
select latest.*, spent.tokens, spent.dollars, spent.sessions_before_cutoff,
       rank() over (partition by market order by cumulative_return desc) as rank
  from (select distinct on (market, model)
               market, model, session as as_of, start_value,
               value, cumulative_return, max_drawdown
          from model_days
         where superseded_at is null
         order by market, model, session desc) latest
  join (select market, model, sum(tokens) as tokens, sum(dollars) as dollars,
               count(*) filter (where before_cutoff) as sessions_before_cutoff
          from equity_curve
         group by market, model) spent using (market, model);
