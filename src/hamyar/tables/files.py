"""Opens a file by its kind."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hamyar.errors import HamyarError, error
from hamyar.tables.incoming import MOST_COLUMNS, Batch, Incoming
from hamyar.tables.text_files import BLOCK, open_csv
from hamyar.tables.workbooks import open_xlsx

PARQUET = (".parquet", ".pq")
STATA = ".dta"
MOST_IN_STATA = 12_000  # columns: a demographic and health survey has some thousands
_ROWS = 50_000  # of a batch


def is_parquet(path: Path) -> bool:
    return path.suffix.lower() in PARQUET


def open_file(path: Path, block: int = BLOCK, kinds: Collection[str] | None = None) -> Incoming:
    """The file's heading and rows; kinds: the endings of names that are read, all that are known without them; block: bytes of text parsed at a time, the longest row, and a 32nd of what is read ahead. Raises HamyarError: HY-T004 no such file, HY-T014 another kind, HY-T010 empty, HY-T015 too wide, and those of each kind."""
    suffix, kinds = path.suffix.lower(), kinds or _KINDS
    if suffix not in kinds:
        raise error(
            "HY-T014",
            en=f"files of this kind are not read. Give one of {', '.join(kinds)}.",
            fa=f"این نوع پرونده خوانده نمی‌شود. یکی از این‌ها را بدهید: {'، '.join(kinds)}.",
            file=path.name,
        )
    if not path.is_file():
        raise error(
            "HY-T004",
            en="there is no such file. Check the path.",
            fa="چنین پرونده‌ای نیست. نشانی را بررسی کنید.",
            file=str(path),
        )
    kind = _KINDS[suffix]
    found = open_csv(path, block) if kind is open_csv else kind(path)
    most = MOST_IN_STATA if suffix == STATA else MOST_COLUMNS
    if len(found.heading) > most:
        raise error(
            "HY-T015",
            en=f"the file has {len(found.heading)} columns; at most {most} are read. Leave out those that are not needed.",
            fa=f"پرونده {len(found.heading)} ستون دارد و حداکثر {most} ستون خوانده می‌شود. ستون‌های زائد را بردارید.",
            file=path.name,
        )
    return found


def open_parquet(path: Path) -> Incoming:
    """Columns and rows; a row's number is its place, counted from 1. Raises HamyarError HY-T016."""
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as wrong:
        raise _no_parquet(path) from wrong
    schema = file.schema_arrow
    return Incoming(path.name, schema.names, list(schema.types), _batches(file, path))


def _batches(file: pq.ParquetFile, path: Path) -> Iterator[Batch]:
    row = 1
    try:
        for batch in file.iter_batches(batch_size=_ROWS):
            yield np.arange(row, row + batch.num_rows), batch
            row += batch.num_rows
    except (pa.ArrowInvalid, OSError) as wrong:
        raise _no_parquet(path) from wrong


def _no_parquet(path: Path) -> HamyarError:
    return error(
        "HY-T016",
        en="this is no Parquet file that can be read: it is damaged or of another kind. Write it anew.",
        fa="این پرونده Parquet خواندنی نیست: آسیب‌دیده یا از نوع دیگری است. آن را از نو بسازید.",
        file=path.name,
    )


def _open_dta(path: Path) -> Incoming:
    from hamyar.tables.stata import open_dta  # and with it pandas, which no other kind needs

    return open_dta(path)


_KINDS = {
    ".csv": open_csv,
    ".tsv": open_csv,
    ".txt": open_csv,
    ".xlsx": open_xlsx,
    STATA: _open_dta,
    **dict.fromkeys(PARQUET, open_parquet),
}
LISTS = tuple(kind for kind in _KINDS if kind != STATA)  # kinds in which lists of people come
