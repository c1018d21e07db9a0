import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace

import pytest

from aitrader_core.domain.frozen import quick


@quick
@dataclass(frozen=True, slots=True)
class Fact:
    name: str
    said: dict[str, int] = field(default_factory=dict)
    size: int = 3
    _worked_out: int | None = field(default=None, init=False, compare=False)


def test_a_quick_fact_is_the_frozen_dataclass_that_it_was() -> None:
    fact = Fact("a", size=4)
    assert (fact.name, fact.said, fact.size, fact._worked_out) == ("a", {}, 4, None)
    assert fact == Fact("a", {}, 4) != Fact("a")
    assert Fact("a").said is not Fact("a").said
    assert repr(fact) == "Fact(name='a', said={}, size=4, _worked_out=None)"
    assert replace(fact, name="b") == Fact("b", size=4)
    assert copy.copy(fact) == pickle.loads(pickle.dumps(fact)) == fact
    assert [f.name for f in fields(Fact)] == ["name", "said", "size", "_worked_out"]
    with pytest.raises(TypeError, match="name"):
        Fact()  # type: ignore[call-arg]


@pytest.mark.parametrize("name", ["name", "size", "other"])
def test_a_quick_fact_never_changes(name: str) -> None:
    with pytest.raises((FrozenInstanceError, TypeError)):
        setattr(Fact("a"), name, "b")
    with pytest.raises((FrozenInstanceError, TypeError)):
        delattr(Fact("a"), name)
