-- Each model's value at the open and at the close of every session it traded.
create view equity_curve as
select market, model, session, value_open, value_close, profit, daily_return,
       cumulative_return, value / peak_value - 1 as drawdown
  from model_days
 where superseded_at is null;
