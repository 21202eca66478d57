"""What a table is a picture of and where its values come from: kept in the Parquet file, never contradicted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from hamyar.errors import Fault, HamyarError
from hamyar.tables.contracts import CONTRACTS, PROVENANCES, UNIVERSES, contract

KEY = b"hamyar"
WORDS = {"contract": "قرارداد", "universe": "جامعهٔ آماری", "provenance": "خاستگاه"}
ALLOWED = {"contract": tuple(CONTRACTS), "universe": UNIVERSES, "provenance": PROVENANCES}


@dataclass(frozen=True)
class Label:
    """Names of the contract, the universe and the provenance; None where nothing is said."""

    contract: str | None = None
    universe: str | None = None
    provenance: str | None = None

    def encoded(self) -> dict[bytes, bytes]:
        """The Parquet metadata."""
        return {KEY: json.dumps(vars(self), sort_keys=True).encode()}

    def with_declared(self, declared: Label, file: str) -> Label:
        """This label completed by what the caller declares. Raises HamyarError HY-T002, HY-T003."""
        faults = [fault for field in WORDS if (fault := _contradiction(field, self, declared, file))]
        if faults:
            raise HamyarError(*faults)
        return Label(**{field: getattr(declared, field) or getattr(self, field) for field in WORDS})


def of_parquet(path: Path) -> Label:
    """The label that the file carries. Raises HamyarError HY-T003 where it is no label of ours."""
    metadata = pq.read_schema(path).metadata or {}
    if KEY not in metadata:
        return Label()
    try:
        found = json.loads(metadata[KEY])
        return Label(**{field: found.get(field) for field in WORDS})
    except (ValueError, AttributeError):
        raise HamyarError(
            Fault(
                "HY-T003",
                "the label `hamyar` in the file's metadata cannot be read. Write the file anew.",
                "برچسب «hamyar» در فرادادهٔ پرونده خوانا نیست. پرونده را از نو بنویسید.",
                file=path.name,
            )
        ) from None


def _contradiction(field: str, found: Label, declared: Label, file: str) -> Fault | None:
    here, said = getattr(found, field), getattr(declared, field)
    allowed = ", ".join(ALLOWED[field])
    for value in (here, said):
        if value is not None and value not in ALLOWED[field]:
            return Fault(
                "HY-T003",
                f"the {field} {value!r} is unknown; it is one of {allowed}.",
                f"{WORDS[field]} «{value}» شناخته نیست؛ یکی از این‌هاست: {allowed}.",
                file=file,
            )
    if here is None or said is None or here == said or (field == "contract" and _covers(here, said)):
        return None
    return Fault(
        "HY-T002",
        f"the file says that its {field} is {here}; {said} was declared. Declare {here}, or use the right file.",
        f"پرونده {WORDS[field]} خود را {here} می‌داند، ولی {said} اعلام شده است. {here} را اعلام کنید یا پروندهٔ درست را بدهید.",
        file=file,
    )


def _covers(here: str, said: str) -> bool:
    """A survey sample of households also fulfils the household contract."""
    return set(contract(said).by_name) <= set(contract(here).by_name)
