-- Each model's latest standing, best return first.
create view leaderboard as
select latest.*, rank() over (partition by market order by cumulative_return desc) as rank
  from (select distinct on (market, model)
               market, model, session as as_of, start_value,
               value, cumulative_return, max_drawdown
          from model_days
         where superseded_at is null
         order by market, model, session desc) latest;
