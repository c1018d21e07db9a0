"""Where a report leads to: places of its own alone, for it is read from a disk."""


def model(_market: str, name: str) -> str:
    return f"#model-{name}"


def definition(key: str) -> str:
    return f"#{key}"
