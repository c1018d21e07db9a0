-- Each model's value at the open and at the close of every session it traded, what that took, and
-- whether the model may have read of the session: it is not after its knowledge cutoff.
create view equity_curve as
select d.market, d.model, d.session, d.value_open, d.value_close, d.profit, d.daily_return,
       d.cumulative_return, d.value / d.peak_value - 1 as drawdown, d.ending,
       d.input_tokens + d.output_tokens as tokens, d.dollars,
       coalesce(d.session <= (m.config ->> 'knowledge_cutoff')::date, false) as before_cutoff
  from model_days d
  left join models m on (m.market, m.name) = (d.market, d.model)
 where d.superseded_at is null;
