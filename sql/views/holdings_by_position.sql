-- Holdings at the close, keyed by the last position row of the session.
create view holdings_by_position as
select p.id as position_id, h.symbol, h.quantity
  from (select max(id) as id, id / 100000 as model_day_id from positions group by 2) p
  join holdings h on h.model_day_id = p.model_day_id;
