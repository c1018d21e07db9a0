"""Reads a page as a program does: its elements, its figures and where its links lead."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

_VOID = {"meta", "link", "input", "br", "img", "hr", "path", "line"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    parent: "Element | None" = None
    children: list["Element | str"] = field(default_factory=list)

    @property
    def text(self) -> str:
        parts = (c if isinstance(c, str) else c.text for c in self.children)
        return " ".join("".join(parts).split())

    def all(self, tag: str) -> Iterator["Element"]:
        for child in self.children:
            if isinstance(child, Element):
                if child.tag == tag:
                    yield child
                yield from child.all(tag)

    def __getitem__(self, name: str) -> str:
        return self.attributes.get(name, "")

    @property
    def figures(self) -> list[str]:
        """The exact values within it."""
        return [data["value"] for data in self.all("data")]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("document", {})
        self._at = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = Element(tag, {name: value or "" for name, value in attrs}, self._at)
        self._at.children.append(found)
        if tag not in _VOID:
            self._at = found

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._at.children.append(Element(tag, {n: v or "" for n, v in attrs}, self._at))

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        assert self._at.tag == tag, f"</{tag}> within <{self._at.tag}>: {self._at.text[:80]}"
        assert self._at.parent is not None
        self._at = self._at.parent

    def handle_data(self, data: str) -> None:
        self._at.children.append(data)


def read(html: str) -> Element:
    """AssertionError for one whose elements are not closed as they were opened."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader._at is reader.root, f"<{reader._at.tag}> is never closed"
    return reader.root


def by_id(page: Element, wanted: str) -> Element:
    (found,) = (e for e in elements(page) if e["id"] == wanted)
    return found


def elements(page: Element) -> Iterator[Element]:
    for child in page.children:
        if isinstance(child, Element):
            yield child
            yield from elements(child)


def rows(table: Element) -> dict[str, list[str]]:
    """The exact values of each row of a table, by its head."""
    heads = ((row, next(row.all("th"), None)) for row in table.all("tr"))
    return {head.text.split(" ")[0]: row.figures for row, head in heads if head and row.figures}


def drawn(page: Element, name: str) -> dict[str, Any]:
    """The figure of a chart, as charts.js takes it."""
    found: dict[str, Any] = json.loads(by_id(page, f"{name}-figure").text)
    return found
