"""What goes wrong on a page or in a job, for the operator: on standard error, with where it happened and without any value."""

from __future__ import annotations

import logging
import traceback
from types import TracebackType


class WithoutValues(logging.Formatter):
    """Frames and kinds of the errors, down to the first cause. Their messages stay out: a database's may name a person."""

    def formatException(  # noqa: N802  logging's name
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        parts, problem = [], ei[1]
        while problem is not None:
            frames = "".join(traceback.format_tb(problem.__traceback__)).rstrip()
            parts.append(f"{frames}\n{type(problem).__module__}.{type(problem).__qualname__}")
            problem = problem.__cause__ or (None if problem.__suppress_context__ else problem.__context__)
        return "\nafter:\n".join(parts)


CONFIGURATION = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"()": WithoutValues, "format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "loggers": {"django": {"handlers": ["stderr"], "level": "ERROR", "propagate": False}},
}
