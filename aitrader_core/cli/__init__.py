"""The aitrader command. Heavy imports wait inside the commands: `aitrader --help` is quick."""

from aitrader_core.cli.app import main

__all__ = ["main"]
