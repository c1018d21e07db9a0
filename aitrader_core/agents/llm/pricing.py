"""What tokens cost: the model's own prices where they are given, a public price list otherwise."""

from dataclasses import dataclass, replace
from decimal import Decimal
from importlib.metadata import version
from typing import Annotated, ClassVar

from pydantic import Field

from aitrader_core.domain.transcript import Usage

Price = Annotated[Decimal, Field(ge=0)]
_MILLION = Decimal(1_000_000)
_STEP = Decimal("0.0000000001")


@dataclass(frozen=True)
class TokenPrices:
    """Dollars for a million tokens; what is cached costs as much as input unless given."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    input: Price
    output: Price
    cached: Price | None = None


def priced(usage: Usage, model: str, endpoint: str, prices: TokenPrices | None) -> Usage:
    """`usage` with its dollars; None where neither `prices` nor the price list knows the model."""
    usage = replace(usage, cached_tokens=min(usage.cached_tokens, usage.input_tokens))
    if prices is None:
        return replace(usage, dollars=_listed(usage, model, endpoint))
    fresh = usage.input_tokens - usage.cached_tokens
    cached = prices.input if prices.cached is None else prices.cached
    dollars = (
        fresh * prices.input + usage.cached_tokens * cached + usage.output_tokens * prices.output
    ) / _MILLION
    return replace(usage, dollars=dollars.quantize(_STEP))


def price_list(prices: TokenPrices | None) -> str:
    """The name and version of what `priced` goes by."""
    return f"genai-prices {version('genai-prices')}" if prices is None else "configured"


def _listed(usage: Usage, model: str, endpoint: str) -> Decimal | None:
    from genai_prices import Usage as Tokens
    from genai_prices import calc_price

    tokens = Tokens(
        input_tokens=usage.input_tokens,
        cache_read_tokens=usage.cached_tokens,
        output_tokens=usage.output_tokens,
    )
    try:
        total = calc_price(tokens, model, provider_api_url=endpoint).total_price
    except LookupError:  # a proxy's address: the model's name alone may do
        try:
            total = calc_price(tokens, model).total_price
        except LookupError:
            return None
    return Decimal(total).quantize(_STEP)
