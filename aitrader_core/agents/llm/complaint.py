"""What a provider says in place of an answer, in the many shapes that this comes in."""

import json
from dataclasses import dataclass
from typing import Any

from aitrader_core.agents.llm.dialect import part, words

_CODES = ("code", "type", "status")
_FOR_GOOD = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active")
_REFUSALS = (
    "content_filter",  # Azure
    "content filter",
    "content management policy",
    "responsibleai",
    "responsible_ai",
    "content_policy",  # OpenAI
    "content policy",
    "flagged",  # OpenAI's invalid_prompt, OpenRouter
    "usage policy",
    "usage guidelines",  # xAI
    "moderation",
    "data_inspection",  # Alibaba
    "content exists risk",  # DeepSeek
)


@dataclass(frozen=True)
class Complaint:
    """`text` is the provider's own sentence.

    A refusal is of what was asked; `is_for_good` says that waiting does not help.
    """

    text: str
    is_refusal: bool
    is_for_good: bool


def complaint(body: str) -> Complaint:
    """Of an answer with an error's status."""
    try:
        return read(json.loads(body))
    except (ValueError, RecursionError):  # a proxy's page, whose words are about something else
        return Complaint(body.strip(), is_refusal=False, is_for_good=False)


def complaint_in(answer: object) -> Complaint | None:
    """Of an answer whose status is that of a good one."""
    is_one = bool(part(answer, "error")) or part(answer, "type") == "error"
    return read(answer) if is_one else None


def read(found: Any) -> Complaint:
    """Of its JSON."""
    whole = found[0] if isinstance(found, list) and found else found  # as Gemini has it
    error = part(whole, "error") or whole
    text = _sentence(error) or _sentence(whole) or _shown(whole)
    codes = [part(error, name) for name in _CODES] + [part(error, "innererror", "code")]
    told = " ".join(map(str, (*codes, text))).lower()
    return Complaint(
        text,
        is_refusal=any(word in told for word in _REFUSALS),
        is_for_good=any(code in _FOR_GOOD for code in codes),
    )


def _sentence(error: object) -> str:
    if isinstance(error, str):
        return error
    return words(part(error, "message")) or words(part(error, "detail"))


def _shown(whole: object) -> str:
    return json.dumps(whole) if whole else ""
