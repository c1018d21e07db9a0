"""One tree for everything that goes wrong; catch the narrowest branch that you can answer.

AitraderError
├── InputError            a request or a file is wrong: say where, and the way out
│   ├── ConfigError       a configuration file or an environment setting
│   ├── RecordingError    a recording of another system, by file and line
│   ├── PriceFileError    a file of prices or of corporate actions
│   ├── TickFileError     a file or a folder of ticks that can't be read at all
│   └── JobError          a job request: unknown model, no session, reversed range, ...
│       └── JobActive     it would not wait, and another job of its market is active
├── MarketDataError       the world that a model-day needs is broken or absent
│   └── MissingBar        a listed symbol has no bar on a session
├── LedgerError           a fact would break the ledger: always a bug, never a model's mistake
│   └── ImpossibleReport  a venue tells of an order what can't be
├── ChainError            the session before this one is not stored
├── ToolError             a model's mistake in a call: told to the model, never ends its day
├── ProviderError         a language model's provider gave no answer, after the last try
├── BudgetSpent           the money or tokens allowed to a model or a job are used up
├── ReplayMiss            a replay asks what was never recorded: says what differs first
├── ManifestError         a run manifest is broken, was changed, or is none
├── BrokerError           a broker can't be asked, or says no
│   ├── SessionExpired    nobody is logged in, or not any more
│   ├── RateLimited       it was asked too often
│   ├── OrderRejected     it does not take an order, or a change of one; it stays as it was
│   └── NoAnswer          whether it did what it was asked to is not known: look before asking again
├── InferenceError        a network can't be run as was asked, or not on what it was given
│   ├── Busy              more is waiting for it than there is room for: ask again later
│   └── Unanswerable      it is well, and what it was asked leads it to numbers that are none
└── StorageError          the database is down, or refuses
"""


class AitraderError(Exception):
    """The message is a sentence for the user."""


class InputError(AitraderError):
    pass


class ConfigError(InputError):
    pass


class RecordingError(InputError):
    pass


class PriceFileError(InputError):
    pass


class TickFileError(InputError):
    pass


class JobError(InputError):
    pass


class JobActive(JobError):  # noqa: N818 - says what is so
    def __init__(self, job_id: int, market: str) -> None:
        super().__init__(f"job {job_id} of the {market} arena is active")
        self.job_id = job_id


class MarketDataError(AitraderError):
    pass


class MissingBar(MarketDataError):  # noqa: N818 - the field calls it so
    pass


class LedgerError(AitraderError):
    pass


class ImpossibleReport(LedgerError):  # noqa: N818 - says what is so
    pass


class ChainError(AitraderError):
    pass


class ToolError(AitraderError):
    pass


class ProviderError(AitraderError):
    pass


class BudgetSpent(AitraderError):  # noqa: N818 - says what is so
    pass


class ReplayMiss(AitraderError):  # noqa: N818 - likewise
    pass


class ManifestError(AitraderError):
    pass


class BrokerError(AitraderError):
    pass


class SessionExpired(BrokerError):  # noqa: N818 - says what is so
    pass


class RateLimited(BrokerError):  # noqa: N818 - likewise
    pass


class OrderRejected(BrokerError):  # noqa: N818 - likewise
    pass


class NoAnswer(BrokerError):  # noqa: N818 - likewise
    pass


class InferenceError(AitraderError):
    pass


class Busy(InferenceError):  # noqa: N818 - says what is so
    pass


class Unanswerable(InferenceError):  # noqa: N818 - likewise
    pass


class StorageError(AitraderError):
    pass


def sentence(error: Exception) -> str:
    """For a user: our own errors are one already, whatever else a model raised is named."""
    return str(error) if isinstance(error, AitraderError) else f"{type(error).__name__}: {error}"
