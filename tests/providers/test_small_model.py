"""A real model that is too small to trade: it talks, and its day is kept all the same."""

from collections.abc import Iterator

import pytest

from aitrader_core.domain.model_day import Ending
from tests.providers.processes import small_model
from tests.providers.test_aimock import made, replayed, trade
from tests.small import Small

pytestmark = [pytest.mark.providers, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with small_model(tmp_path_factory.mktemp("model") / "log") as found:
        yield found


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("api", ["chat", "responses"])
def test_it_talks_and_does_not_trade(small: Small, url: str, api: str, stream: bool) -> None:
    small.priced()
    spec = {"api": api, "stream": stream, "endpoint": url, "max_steps": 3}
    small.model("smollm2", kind="llm", model="SmolLM2-135M-Instruct", **spec)
    small.configure(models=["smollm2"])
    (day,) = made(trade(small, "smollm2"))
    assert day.ending in (Ending.DONE, Ending.STEP_LIMIT)
    assert not day.fills
    assert any(e.role == "model" and e.text for e in day.transcript)
    assert day.usage.input_tokens > 100
    assert day.usage.output_tokens > 0
    assert replayed(small, day) == day
