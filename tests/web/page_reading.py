"""A page as a browser takes it: its elements, its links, its tables; and what it must not hold."""

from dataclasses import dataclass, field
from decimal import Decimal
from html.parser import HTMLParser

_VOID = {"meta", "link", "input", "br", "img", "line", "path", "hr"}


@dataclass
class Element:
    name: str
    attributes: dict[str, str]
    text: str = ""
    data: list[Decimal] = field(default_factory=list)  # exact figures in it


class Reading(HTMLParser):
    """Every element, and the text of the whole."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.text = ""
        self._open: list[Element] = []
        self.feed(html)
        assert not self._open, f"left open: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag == "data":
            for around in self._open:
                around.data.append(Decimal(element.attributes["value"]))
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1].name == tag, f"</{tag}> closes {self._open[-1]}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self.text += data
        for around in self._open:
            around.text += data

    @property
    def links(self) -> list[str]:
        return [e.attributes["href"] for e in self.elements if e.name == "a"]

    def rows(self, table: str) -> list[Element]:
        """The rows of the table with this id, without its head; none where there is no such."""
        at = (n for n, e in enumerate(self.elements) if e.attributes.get("id") == table)
        start = next(at, len(self.elements))
        rest = self.elements[start + 1 :]
        end = next((n for n, e in enumerate(rest) if e.name == "table"), len(rest))
        return [e for e in rest[:end] if e.name == "tr"][1:]


def is_inert(page: Reading) -> bool:
    """Nothing that a browser would run, but for our own files; AssertionError names it."""
    for element in page.elements:
        for name, value in element.attributes.items():
            assert not name.startswith("on"), element
            assert not value.strip().lower().startswith(("javascript:", "data:text")), element
        if element.name == "script":
            source = element.attributes.get("src", "")
            told = element.attributes.get("type") == "application/json"
            assert told or source.startswith(("/static/", "/plotly")), element
        assert element.name not in ("img", "iframe", "object", "embed", "base", "marquee"), element
    return True
