"""NCRONTAB schedules of timer triggers."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from croniter import croniter
from croniter.croniter import CroniterError

from local.functions_host.errors import FunctionError

# croniter knows more than NCRONTAB does (L, #, ?, @daily): none of it works in Azure.
_FIELD = re.compile(r"[0-9A-Za-z*,/\-]+")
_WORD = re.compile(r"[A-Za-z]+")
_MONTH_OR_DAY = re.compile(
    r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat)",
    re.IGNORECASE,
)
_FIELDS_WITH_SECONDS = 6
_FIELDS = 5


class Schedule:
    """A schedule of six fields (seconds first) or five, evaluated in one time zone."""

    def __init__(self, expression: str, zone: ZoneInfo) -> None:
        """FunctionError when `expression` is no NCRONTAB expression."""
        self._zone = zone
        fields = expression.split()
        if len(fields) == _FIELDS:
            fields = ["0", *fields]
        if len(fields) != _FIELDS_WITH_SECONDS or not all(_is_plain(field) for field in fields):
            raise FunctionError(
                f"The schedule expression '{expression}' was not recognized as a valid cron "
                "expression (time spans need an App Service plan and aren't supported)."
            )
        self._expression = " ".join(fields)
        try:
            self.next_after(datetime.now(UTC))
        except CroniterError as error:
            raise FunctionError(
                f"The schedule expression '{expression}' was not recognized as a valid cron "
                f"expression: {error}"
            ) from error

    def next_after(self, moment: datetime) -> datetime:
        """The first occurrence after `moment` (aware), in UTC."""
        # NCRONTAB wants day and day of week to match both; cron takes either.
        cron = croniter(
            self._expression,
            moment.astimezone(self._zone),
            second_at_beginning=True,
            day_or=False,
        )
        return cron.get_next(datetime).astimezone(UTC)

    def is_frequent(self, moment: datetime) -> bool:
        """Whether it fires more often than once a minute (then nothing is monitored)."""
        first = self.next_after(moment)
        return self.next_after(first) - first < timedelta(minutes=1)


def _is_plain(field: str) -> bool:
    if not _FIELD.fullmatch(field):
        return False
    return all(_MONTH_OR_DAY.fullmatch(word) for word in _WORD.findall(field))
