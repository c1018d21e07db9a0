"""Whole model-days against a real HTTP server that stumbles: each ends as it should."""

import gc
import json
import traceback
from collections.abc import Iterator
from decimal import Decimal
from itertools import count

import pytest

from aitrader_core.agents.llm.endpoint import Endpoint
from aitrader_core.agents.llm.pricing import TokenPrices
from aitrader_core.agents.llm.secret import ApiKey
from aitrader_core.domain.errors import ConfigError, ProviderError
from aitrader_core.domain.model_call import Outcome
from aitrader_core.domain.model_day import Ending, ModelDay
from tests.agents.llm.provider import Provider, Sent, standing_in
from tests.agents.llm.trading import BUY, KEY, Trading
from tests.agents.llm.ways import CHAT, EVENTS, JSON, USAGE, WAYS, Way, name

ERROR = {"error": {"message": "Over capacity.", "type": "server_error", "code": None}}
SOON = 0.1  # seconds of a limit that a test waits for

STATUSES = (408, 409, 429, 500, 502, 503, 529)

every_way = pytest.mark.parametrize("way", WAYS, ids=name)
whole_and_streamed = pytest.mark.parametrize("way", [WAYS[0], WAYS[3]], ids=name)


@pytest.fixture(scope="module")
def _server() -> Iterator[Provider]:
    with standing_in() as opened:
        yield opened
    gc.collect()  # what was not closed complains now


@pytest.fixture
def provider(_server: Provider) -> Iterator[Provider]:
    _server.renew()
    yield _server
    _server.over.set()
    assert _server.lets_go(), "a connection was left open"


def fails(status: int, body: object = ERROR, **headers: str) -> Sent:
    told = {key.replace("_", "-"): value for key, value in headers.items()}
    return Sent(json.dumps(body), status, {**JSON, **told})


def stumbles(way: Way) -> dict[str, Sent]:
    """Everything that may be better in a moment."""
    good = way.says("Bought.")
    half = Sent(good.body, headers=good.headers, lacks=len(good.body) // 2)
    return {
        "a proxy's page": Sent("<html>Bad gateway</html>", 502, {"Content-Type": "text/html"}),
        "dropped": Sent(dropped=True),
        "broken off": half,
        "broken off after a failure": Sent(json.dumps(ERROR), 500, JSON, lacks=10),
        "no JSON": Sent('{"choices": [', headers=good.headers),
        "no numbers": Sent('{"choices": NaN}', headers=JSON),
        "no answer": Sent("{}", headers=JSON),
        "a list": Sent("[]", headers=JSON),
        "nothing": Sent("", headers=good.headers),
        "a page": Sent("<html>Sign in</html>", headers={"Content-Type": "text/html"}),
        "a failure within": Sent(json.dumps(ERROR), headers=JSON),
        "half a stream": Sent(good.body[: len(good.body) // 3], headers=good.headers),
        "a failure in the stream": Sent(f"data: {json.dumps(ERROR)}\n\n", headers=EVENTS),
    }


def stalls(way: Way) -> dict[str, Sent]:
    good = way.says("Bought.")
    return {
        "hangs": Sent(hanging=True),
        "drips": Sent(good.body, headers=good.headers, drips=SOON / 10),
    }


def traded(day: ModelDay) -> None:
    """One purchase, and the ledger closes."""
    (fill,) = day.fills
    assert (str(fill.order.symbol), fill.order.quantity) == ("AAA", Decimal(3))
    assert day.closing.cash == Decimal(1000) - 3 * fill.price
    assert day.ending is Ending.DONE


@every_way
def test_a_day_is_traded_and_its_answers_are_kept_in_one_piece(
    provider: Provider, way: Way
) -> None:
    wants, ends = ("First one.", BUY, BUY), ("Bought twice. Ünïcödé 🙂",)
    provider.answers = [way.says(*wants), way.says(*ends)]
    trading = Trading(provider.url, way)
    day = trading.day()
    assert [f.order.quantity for f in day.fills] == [3, 3]
    assert day.ending is Ending.DONE
    assert [json.loads(c.reply) for c in trading.kept()] == [
        way.document(*wants),
        way.document(*ends),
    ]
    asked, cached, answered, thought = USAGE
    used = day.usage
    assert (used.input_tokens, used.cached_tokens) == (2 * asked, 2 * cached)
    assert (used.output_tokens, used.reasoning_tokens) == (2 * answered, 2 * thought)
    assert [q["path"] for q in provider.asked] == [way.path] * 2
    assert provider.headers[0]["authorization"] == f"Bearer {KEY}"
    assert provider.ever == 1  # one connection for all of a day
    assert trading.waits == []


@every_way
@pytest.mark.parametrize("stumble", stumbles(CHAT))
def test_what_may_pass_is_tried_again(provider: Provider, way: Way, stumble: str) -> None:
    provider.answers = [way.says("", BUY), stumbles(way)[stumble], way.says("Bought.")]
    trading = Trading(provider.url, way)
    traded(trading.day())
    assert len(provider.asked) == 3
    assert len(trading.waits) == 1
    assert [c.outcome for c in trading.kept()] == [Outcome.REPLIED] * 2


@whole_and_streamed
@pytest.mark.parametrize("status", STATUSES)
def test_a_status_that_may_pass_is_tried_again(provider: Provider, way: Way, status: int) -> None:
    provider.answers = [fails(status), way.says("", BUY), way.says("Bought.")]
    trading = Trading(provider.url, way)
    traded(trading.day())
    assert len(trading.waits) == 1


def test_a_slow_answer_is_none_too_late(provider: Provider) -> None:
    provider.answers = [Sent(**{**vars(CHAT.says("", BUY)), "slow": SOON}), CHAT.says("Bought.")]
    trading = Trading(provider.url)
    traded(trading.day())
    assert trading.waits == []


@every_way
def test_tries_that_are_used_up_are_told_with_the_last_cause(provider: Provider, way: Way) -> None:
    provider.answers = [way.says("", BUY), fails(500), Sent(dropped=True), fails(503)]
    trading = Trading(provider.url, way)
    with pytest.raises(ProviderError) as failed:
        trading.day(tries=3)
    assert str(failed.value) == (
        f"{provider.url} answers 503 Service Unavailable: Over capacity. (given up after 3 tries)"
    )
    assert len(trading.waits) == 2
    assert [c.outcome for c in trading.kept()] == [Outcome.REPLIED]  # what was paid for
    assert [e.role for e in trading.transcript][-2:] == ["desk", "tool"]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "7"}, 7),
        ({"Retry_After": "1.5"}, 1.5),
        ({"retry_after_ms": "2500", "Retry_After": "9"}, 2.5),
        (
            {
                "Date": "Wed, 03 Jan 2024 10:00:00 GMT",
                "Retry_After": "Wed, 03 Jan 2024 10:00:20 GMT",
            },
            20,
        ),
        (
            {
                "Date": "Wed, 03 Jan 2024 10:00:30 GMT",
                "Retry_After": "Wed, 03 Jan 2024 10:00:20 GMT",
            },
            0,
        ),
    ],
)
def test_a_wait_that_is_asked_for_is_kept_to(
    provider: Provider, headers: dict[str, str], seconds: float
) -> None:
    provider.answers = [CHAT.says("", BUY), fails(429, **headers), CHAT.says("Bought.")]
    trading = Trading(provider.url)
    traded(trading.day())
    assert trading.waits == [seconds]


@pytest.mark.parametrize("nonsense", ["soon", "-3", "nan", "inf", "Wed, 99 Foo", ""])
def test_a_wait_that_is_no_time_is_ours_to_choose(provider: Provider, nonsense: str) -> None:
    provider.answers = [fails(429, Retry_After=nonsense), CHAT.says("", BUY), CHAT.says("Done.")]
    trading = Trading(provider.url)
    traded(trading.day())
    (wait,) = trading.waits
    assert 1 <= wait <= 3


def test_a_wait_beyond_the_deadline_fails_at_once(provider: Provider) -> None:
    provider.answers = [fails(429, Retry_After="3600")]
    trading = Trading(provider.url)
    with pytest.raises(ProviderError, match=r"429 .*asks to wait 3600 s when 60 s are left of the"):
        trading.day()
    assert trading.waits == []
    assert len(provider.asked) == 1


@whole_and_streamed
@pytest.mark.parametrize("stall", ["hangs", "drips"])
def test_a_try_that_stalls_is_given_up(provider: Provider, way: Way, stall: str) -> None:
    provider.answers = [way.says("", BUY), stalls(way)[stall], way.says("Bought.")]
    trading = Trading(provider.url, way)
    traded(trading.day(timeout=3 * SOON))
    assert len(trading.waits) == 1


@every_way
@pytest.mark.parametrize("stall", ["hangs", "drips"])
def test_the_deadline_of_a_day_ends_it(provider: Provider, way: Way, stall: str) -> None:
    provider.answers = [stalls(way)[stall]]
    trading = Trading(provider.url, way)
    day = trading.day(deadline=SOON, timeout=60.0)
    assert day.ending is Ending.DEADLINE
    assert [c.outcome for c in trading.kept()] == [Outcome.DEADLINE]
    assert day.usage.seconds == SOON
    assert day.transcript[-2].text == "deadline: 0.1 s for the model-day are over"


def test_the_deadline_ends_a_wait_between_tries(provider: Provider) -> None:
    provider.answers = [fails(503)]
    trading = Trading(provider.url, is_patient=True)
    day = trading.day(deadline=SOON, tries=20)
    assert day.ending is Ending.DEADLINE
    assert len(trading.waits) == len(provider.asked) == 1


def test_the_deadline_counts_what_earlier_answers_took(provider: Provider) -> None:
    provider.answers = [CHAT.says("", BUY)]
    trading, seconds = Trading(provider.url), count(0, 25)
    day = trading.day(clock=lambda: next(seconds), deadline=40.0)
    assert day.ending is Ending.DEADLINE
    assert len(day.fills) == 2  # what was done until then stands
    assert len(provider.asked) == 2


FOR_GOOD = {
    "a wrong key": (fails(401, {"error": {"message": "Incorrect API key."}}), "Incorrect API key."),
    "no such model": (fails(404, {"error": {"message": "No model m."}}), "No model m."),
    "a fault of ours": (
        fails(400, {"error": {"message": "Bad seed.", "code": "bad"}}),
        "Bad seed.",
    ),
    "FastAPI": (fails(422, {"detail": "No such field."}), "No such field."),
    "Ollama": (fails(404, {"error": "model not found"}), "model not found"),
    "Gemini": (fails(400, [{"error": {"message": "Bad key.", "status": "INVALID"}}]), "Bad key."),
    "a page": (Sent("<b>Flagged</b>", 403, {"Content-Type": "text/html"}), "<b>Flagged</b>"),
    "nothing": (Sent("", 402), "402 Payment Required"),
    "elsewhere": (Sent("", 308, {"Location": "http://127.0.0.1:1/"}), "308 Permanent Redirect"),
    "no money": (
        fails(
            429, {"error": {"message": "You exceeded your quota.", "code": "insufficient_quota"}}
        ),
        "You exceeded your quota.",
    ),
    "no money, by type": (
        fails(429, {"error": {"message": "Pay.", "type": "insufficient_quota", "code": 7}}),
        "Pay.",
    ),
}


@whole_and_streamed
@pytest.mark.parametrize("failure", FOR_GOOD)
def test_what_waiting_does_not_help_fails_at_once(
    provider: Provider, way: Way, failure: str
) -> None:
    sent, told = FOR_GOOD[failure]
    provider.answers = [sent]
    with pytest.raises(ProviderError, match=told.replace(".", r"\.")) as failed:
        Trading(provider.url, way).day()
    assert str(failed.value).startswith(f"{provider.url} answers {sent.status}")
    assert len(provider.asked) == 1


AZURE = {
    "message": "The response was filtered.",
    "code": "content_filter",
    "status": 400,
    "innererror": {"code": "ResponsibleAIPolicyViolation"},
}
REFUSED = {
    "Azure": (fails(400, {"error": AZURE}), "The response was filtered."),
    "OpenAI": (
        fails(400, {"error": {"message": "Invalid prompt: flagged.", "code": "invalid_prompt"}}),
        "Invalid prompt: flagged.",
    ),
    "OpenRouter": (
        fails(403, {"error": {"message": "Input was flagged.", "code": 403}}),
        "Input was flagged.",
    ),
    "within a good answer": (
        Sent(json.dumps({"error": {**AZURE, "status": 200}}), headers=JSON),
        "The response was filtered.",
    ),
}


@every_way
@pytest.mark.parametrize("form", [*REFUSED, "in its own place", "in the middle"])
def test_a_refusal_ends_the_day_and_is_kept(provider: Provider, way: Way, form: str) -> None:
    if form in REFUSED:
        sent, told = REFUSED[form]
    elif form == "in its own place":
        sent, told = way.refuses("I will not trade."), "I will not trade."
    else:
        sent, told = way.filtered(), "the provider's content filter stopped the answer"
    provider.answers = [way.says("", BUY), sent]
    trading = Trading(provider.url, way)
    day = trading.day()
    assert day.ending is Ending.REFUSED_BY_PROVIDER
    assert len(day.fills) == 1  # what was done before stands
    assert told in day.transcript[-2].text
    assert len(provider.asked) == 2
    assert trading.kept()[-1].outcome.is_final


@every_way
@pytest.mark.parametrize(
    "usage",
    [None, "much", {"prompt_tokens": "12", "completion_tokens": -4, "input_tokens": True}],
    ids=["absent", "a word", "nonsense"],
)
def test_tokens_that_are_not_counted_are_none(provider: Provider, way: Way, usage: object) -> None:
    document = way.document("Nothing to do.", usage=usage)
    if usage is None:
        del document["usage"]
    provider.answers = [way.sent(document)]
    day = Trading(provider.url, way).day()
    assert day.ending is Ending.DONE
    assert day.usage.tokens == 0
    assert day.usage.input_tokens is not True


def test_more_cached_than_sent_does_not_cost_less_than_nothing(provider: Provider) -> None:
    usage = {"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 1000}}
    provider.answers = [CHAT.says("Done.", usage=usage)]
    day = Trading(provider.url).day(token_prices=TokenPrices(Decimal(2), Decimal(2), Decimal(1)))
    assert day.usage.dollars == Decimal("0.00001")
    assert day.usage.cached_tokens == 10


@every_way
def test_half_a_character_is_not_sent_back(provider: Provider, way: Way) -> None:
    provider.answers = [way.says("\ud83d what", BUY), way.says("Bought.")]
    traded(Trading(provider.url, way).day())
    assert r"\ufffd what" in json.dumps(provider.asked[1])


ECHOES = {
    "in an answer": CHAT.says(f"Your key is {KEY}, {json.dumps(KEY)}."),
    "escaped": Sent(CHAT.says(KEY).body.replace("/", r"\/"), headers=JSON),
    "in a refusal": fails(400, {"error": {"message": f"{KEY} was flagged"}}),
    "in a failure": fails(401, {"error": {"message": f"Wrong key {KEY}"}}),
    "in no JSON": Sent(f"key {KEY} {'x' * 90}"),
    "in a failure that passes": fails(500, {"error": {"message": f"{'x' * 340} {KEY}"}}),
    "in a stream": Sent(f'data: {{"error": {{"message": "{KEY}"}}}}\n\n', headers=EVENTS),
}


@pytest.mark.parametrize("echo", ECHOES)
def test_the_key_is_shown_nowhere(provider: Provider, echo: str) -> None:
    provider.answers = [ECHOES[echo]]
    trading = Trading(provider.url, Way("chat", stream=echo == "in a stream"))
    shown: list[object] = []
    try:
        shown.append(trading.day(tries=1))
    except ProviderError as error:
        shown += [*traceback.format_exception(error), repr(error)]
    assert provider.headers[0]["authorization"] == f"Bearer {KEY}"
    text = "".join(map(repr, [*shown, trading.kept(), trading.transcript]))
    assert "***" in text
    assert KEY not in text
    assert KEY.replace("/", "\\/") not in text
    assert KEY[:12] not in text  # nor the start of it, where a message was cut


def test_nor_by_an_endpoint_itself(provider: Provider) -> None:
    async def sleep(_: float) -> None: ...

    endpoint = Endpoint(provider.url, ApiKey(KEY), 1, 1, sleep)
    assert KEY not in repr(endpoint)


@pytest.mark.parametrize("key", ["sk-ab\ncdef", "sk-äöü-1234", "two words of it"])
def test_a_key_that_cannot_be_sent_is_not_told(provider: Provider, key: str) -> None:
    with pytest.raises(ConfigError, match="^OPENAI_API_KEY has a character") as failed:
        Trading(provider.url, key=key).day()
    assert key not in "".join(traceback.format_exception(failed.value))


def test_a_word_that_stands_in_for_a_key_is_no_secret(provider: Provider) -> None:
    provider.answers = [CHAT.says("", BUY), CHAT.says("Bought 1.")]
    traded(Trading(provider.url, key="1\n").day())


def test_what_follows_the_last_event_of_a_stream_does_not_matter(provider: Provider) -> None:
    way = WAYS[3]
    good = way.says("", BUY)
    provider.answers = [Sent(f"{good.body}: and more", headers=EVENTS, lacks=5)]
    provider.answers += [way.says("Bought.")]
    trading = Trading(provider.url, way)
    traded(trading.day())
    assert trading.waits == []
