-- What a network said of a symbol at a session's open: a score is known before the session's close,
-- so that of one session and the return after it make an information coefficient.
create view prediction_scores as
select p.market, p.session, s.symbol, s.score::double precision as score, p.network, p.digest,
       p.features, p.backend, p.precision, p.prices, p.made_at
  from predictions p
 cross join lateral jsonb_each_text(p.scores) as s (symbol, score);
