-- The latest live model-day of each model, found by one step of the index per model: reading all
-- sessions of all models would take a thousand times as long.
create view latest_days as
with recursive traded as (
    (select market, model from model_days
      where superseded_at is null order by market, model limit 1)
    union all
    select next.market, next.model
      from traded
     cross join lateral (select d.market, d.model from model_days d
                          where d.superseded_at is null
                            and (d.market, d.model) > (traded.market, traded.model)
                          order by d.market, d.model limit 1) next)
select latest.*
  from traded
 cross join lateral (select * from model_days d
                      where d.market = traded.market and d.model = traded.model
                        and d.superseded_at is null
                      order by d.session desc limit 1) latest;
