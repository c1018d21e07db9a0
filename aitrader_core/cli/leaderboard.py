"""aitrader leaderboard."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import click

from aitrader_core.cli.opening import NOTHING_STORED, as_json_option, market_option, open_floor
from aitrader_core.cli.printing import percent, print_json, print_table, say, spent

_FEW = 6  # pairs that are named

Row = Mapping[str, Any]


@click.command()
@click.option("--judgement", is_flag=True, help="How sure its order is, and by which tests.")
@market_option
@as_json_option
def leaderboard(judgement: bool, market: str, as_json: bool) -> None:
    """Every model's standing, best total return first.

    The interval is where 95 % of the returns would lie if luck were drawn again.
    """
    from aitrader_core.runner.board import board_now

    with open_floor(market) as floor:
        board = board_now(floor)
    if as_json:
        print_json(board.judgement if judgement else board.rows)
    elif not board.rows:
        say(NOTHING_STORED)
    elif judgement:
        _print_judgement(board.judgement)
    else:
        print_leaderboard(board.rows)


def print_leaderboard(rows: Sequence[Row]) -> None:
    """A table, and under it what a reader of it has to know."""
    columns = ("#", "model", "return", "interval", "beats", "drawdown", "sharpe", "sessions")
    numbers = (*columns[:1], *columns[2:4], *columns[5:])
    print_table(columns, map(_row, rows), right=numbers)
    for sentence in _sentences(rows):
        say(sentence)


def _row(row: Row) -> tuple[str, ...]:
    beats = {"yes": "yes", "no": "no", None: ""}
    return (
        str(row["rank"]),
        row["model"],
        percent(row["total_return"]),
        interval(row["interval_low"], row["interval_high"]),
        beats.get(row["beats_benchmark"], "?"),
        percent(row["max_drawdown"]),
        "-" if row["sharpe"] is None else f"{row['sharpe']:.2f}",
        f"{row['sessions']:,}",
    )


def interval(low: float | None, high: float | None) -> str:
    return "-" if low is None or high is None else f"{100 * low:+.0f} to {100 * high:+.0f} %"


def _sentences(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        if row["simulated"]:
            yield f"{row['model']} is simulated: none is stored that has all these sessions"
    yield from _verdicts(rows)
    if corrected := [f"{r['model']} {r['corrections']:,}" for r in rows if r["corrections"]]:
        yield f"corrected towards a recording: {', '.join(corrected)} (see aitrader breaks)"
    if older := [f"{r['model']} {r['restated']:,}" for r in rows if r["restated"]]:
        yield f"sessions made from prices that were restated since: {', '.join(older)}"
    if known := [f"{r['model']} {r['before_cutoff']:,}" for r in rows if r["before_cutoff"]]:
        yield f"sessions that the model may have read of, not after its cutoff: {', '.join(known)}"
    for row in rows:
        if row["tokens"]:
            yield f"{row['model']} took {spent(row['tokens'], row['dollars'])}"


def _verdicts(rows: Sequence[Row]) -> Iterator[str]:
    """Who cannot be told apart from whom, in as few words as there are."""
    alike = {row["family"]: row["indistinguishable_from"] for row in rows}
    benchmark = next((row["family"] for row in rows if row["is_benchmark"]), None)
    others = [name for name in alike if name != benchmark]
    if benchmark and (unsure := [name for name in others if name in alike[benchmark]]):
        if unsure == others:
            yield f"none of them can be told apart from {benchmark}"
        else:
            yield f"cannot be told apart from {benchmark} (?): {', '.join(unsure)}"
    pairs = list(combinations(others, 2))
    apart = [f"{a} and {b}" for a, b in pairs if b not in alike[a]]
    if pairs and not apart:
        yield "no two of them can be told apart from each other"
    elif pairs:
        more = f" and {len(apart) - _FEW:,} more" if len(apart) > _FEW else ""
        yield (
            f"told apart from each other: {'; '.join(apart[:_FEW])}{more}, "
            f"of {len(pairs):,} pairs; the others cannot be"
        )


def _print_judgement(judgement: Mapping[str, Any]) -> None:
    say(judgement["method"])
    if (p_value := judgement["spa_p_value"]) is not None:
        tried, benchmark = judgement["tried"], judgement["benchmark"]
        say(f"p-value that the best of {tried} is no better than {benchmark}: {p_value:.4f}")
    columns = ("family", "runs", "return", "interval", "p-value")
    rows = (
        (
            said["family"],
            str(said["repeats"]),
            "-" if said["family_return"] is None else percent(said["family_return"]),
            interval(said["interval_low"], said["interval_high"]),
            "-" if said["p_value"] is None else f"{said['p_value']:.4f}",
        )
        for said in judgement["families"]
    )
    print_table(columns, rows, right=columns[1:])
    for gap in judgement["anonymised_gaps"]:
        say(
            f"{gap['family']} with real names against {gap['anonymous']}: "
            f"{percent(gap['total_gap'])} over {gap['gap_sessions']:,} sessions, 95 % interval "
            f"{interval(gap['total_low'], gap['total_high'])}"
        )
