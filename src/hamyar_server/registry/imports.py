"""Files of persons: uploaded, checked, taken in, undone. Each step can be killed and begun again."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from hamyar import __version__
from hamyar.errors import Fault, HamyarError, error
from hamyar.tables.files import LISTS, open_file
from hamyar_server.areas.models import Area
from hamyar_server.core import audit, jobs
from hamyar_server.core.bulk import Turn, in_turn, without_garbage
from hamyar_server.core.databases import written_at_length
from hamyar_server.core.keys import store
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.mandates import Function
from hamyar_server.organisations.models import Membership as Job
from hamyar_server.registry import columns
from hamyar_server.registry.actions import add_person, change_household, change_person, record_cover, register_sealed
from hamyar_server.registry.incoming import Origin
from hamyar_server.registry.judging import Judged, Reading, differences, origin_of
from hamyar_server.registry.models import (
    Household,
    Import,
    ImportedChange,
    ImportState,
    Person,
    State,
)
from hamyar_server.registry.preparing import Prepared, apart, check_apart, stage_apart
from hamyar_server.registry.staging import STAGED, Kept, Refused, Staging, engine, forget, kept

LARGEST = 200_000_000  # bytes of an upload
CHUNK = 1400  # households of one transaction
LARGE = 1_000_000  # bytes; a larger file is checked by a second process, whose memory goes with it
LONG = 2_000  # households; of more a second process reads and seals while the first writes
WORK = "hamyar_server.registry.imports.work"
COUNTED: dict[str, Any] = dict.fromkeys(("new", "persons", "changed", "unchanged", "suspected"), 0)
KEPT = timedelta(days=7)  # an upload that nobody accepted
Progress = Callable[[int, int], object]


def folder(batch: Import) -> Path:
    """Where its file lies until it is taken in; readable by the server alone."""
    return Path(settings.HOME, "imports", str(batch.pk))


def file_of(batch: Import) -> Path:
    return folder(batch) / f"file{Path(batch.file_name).suffix.lower()}"


def refused_file(batch: Import) -> Path:
    return folder(batch) / "refused.csv"


def upload(
    *, by: Actor | None, name: str, pieces: Iterable[bytes], source: str, calendar: str, as_of: date | None = None
) -> Import:
    """Keep a file and suggest what its columns are. Raises HamyarError HY-Z101, and those of a file that cannot be read."""
    if by:
        mandates.require_somewhere(by, Function.ASSESS)
    batch = Import(
        organisation=by and by.organisation,
        membership=by and by.membership,
        file_name=Path(name).name[:255],
        source=source.strip(),
        calendar=calendar,
        as_of=as_of or timezone.localdate(),
    )
    folder(batch).mkdir(parents=True, mode=0o700)
    try:
        batch.sha256 = _write(file_of(batch), pieces)
        batch.heading = open_file(file_of(batch), kinds=LISTS).heading
    except HamyarError:
        shutil.rmtree(folder(batch))
        raise
    last = Import.objects.filter(organisation=batch.organisation, source=batch.source).exclude(mapping={})
    remembered = last.order_by("-made_at").values_list("mapping", flat=True).first()
    batch.mapping = columns.suggested(batch.heading, remembered)
    with transaction.atomic():
        batch.save()
        audit.record(by, "import.uploaded", batch, file=batch.sha256, source=batch.source)
    return batch


def _write(path: Path, pieces: Iterable[bytes]) -> str:
    whole, size = hashlib.sha256(), 0
    with path.open("wb") as out:
        for piece in pieces:
            size += len(piece)
            if size > LARGEST:
                raise error(
                    "HY-Z101",
                    en=f"the file is larger than {LARGEST // 10**6} MB. Split it, or save it as CSV or Parquet.",
                    fa=f"پرونده بزرگ‌تر از {LARGEST // 10**6} مگابایت است. آن را بخش کنید یا به CSV یا Parquet ذخیره کنید.",
                )
            whole.update(piece)
            out.write(piece)
    return whole.hexdigest()


def map_columns(*, batch: Import, mapping: Mapping[str, str]) -> Import:
    """Which column is which. Raises HamyarError HY-Z102 for one that is missing, HY-Z103 for one named twice."""
    taken = [ours for typed in batch.heading if (ours := mapping.get(typed))]
    missing = [c for c in columns.CONTRACT.columns if c.required and c.name not in taken]
    faults = [
        Fault(
            "HY-Z102",
            column=column.name,
            en=f"no column of the file is “{column.name}”: {column.en} Choose it.",
            fa=f"هیچ ستونی از پرونده «{column.title}» نیست: {column.fa} آن را انتخاب کنید.",
        )
        for column in missing
    ]
    faults += [
        Fault(
            "HY-Z103",
            column=ours,
            en="two columns of the file are this one. Leave one out; where both have one heading, rename one in the file.",
            fa="دو ستون پرونده همین است. یکی را کنار بگذارید؛ اگر عنوان هر دو یکی است، عنوان یکی را در پرونده عوض کنید.",
        )
        for ours in sorted({ours for ours in taken if taken.count(ours) > 1})
    ]
    if faults:
        raise HamyarError(*faults)
    batch.mapping = {typed: ours for typed, ours in mapping.items() if typed in batch.heading}
    batch.state = ImportState.CHECKING
    batch.save()
    return batch


def check(batch: Import, progress: Progress | None = None) -> Import:
    """What the file would bring: households new, changed, unchanged, refused, suspected; refused rows beside their reasons."""
    with _alone(batch) as lock:
        if batch.state == ImportState.CHECKING:
            if _large(file_of(batch)) and not connection.in_atomic_block:
                check_apart(batch, lock, progress)
                batch.refresh_from_db()
            else:
                for done, total in looked_through(batch):
                    if progress:
                        progress(done, total)
    return batch


def _large(file: Path) -> bool:
    return file.exists() and file.stat().st_size > LARGE


def looked_through(batch: Import) -> Generator[tuple[int, int], None, None]:
    """Judges every household and keeps the counts; yields how many are done, and of how many."""
    actor, counts, done = acting(batch), Counter(COUNTED), 0
    with _staged(batch) as staging, without_garbage():
        total, reading = staging.count(), Reading(batch, actor)
        for chunk in staging.households(CHUNK):
            judged = reading.judge(chunk)
            counts.update(_counts(judged, sum(bool(differences(new, old, reading)) for new, old in judged.known)))
            for rows, faults in judged.refused:
                _refuse(staging, rows, faults)
            done += len(chunk)
            yield done, total
        whole = _whole(staging)
    batch.done = 0
    batch.counts, batch.total, batch.state = {**counts, **whole}, total, ImportState.CHECKED
    batch.save()


def _counts(judged: Judged, changed: int) -> dict[str, int]:
    told = {"new": len(judged.new), "persons": judged.persons, "changed": changed, "suspected": judged.suspected}
    return told | {"unchanged": len(judged.known) - changed}


def _whole(staging: Staging) -> dict[str, Any]:
    """What is known when the last household is judged."""
    first = [[fault.text("en"), fault.text("fa")] for fault in staging.refused.first]
    return {"refused": staging.refused.count, "rows": staging.rows, "first": first}


def is_counted(batch: Import) -> bool:
    """Whether it was looked through to its end."""
    return "rows" in batch.counts


def _refuse(staging: Staging, rows: Sequence[dict[str, Any]], faults: list[Fault]) -> None:
    """Every row of a refused household, in the file's own columns, the reason beside the first of them or the one it names."""
    by_row: dict[int | None, list[Fault]] = {}
    for fault in faults:
        by_row.setdefault(fault.row, []).append(fault)
    ours = {column.name: place for place, column in staging.columns.items()}
    width = len(staging.refused.heading)
    for row in rows:
        texts: list[Any] = [None] * width
        for name, place in ours.items():
            texts[place] = row.get(name)
        staging.refused.add(texts, by_row.get(row["row"], []) or [_with_others(row["row"])])


def _with_others(row: int) -> Fault:
    return Fault(
        "HY-Z112",
        row=row,
        en="another row of this household is refused; mend that one.",
        fa="ردیف دیگری از همین خانوار پذیرفته نشد؛ آن را اصلاح کنید.",
    )


@contextmanager
def _staged(batch: Import, again: bool = False) -> Iterator[Staging]:
    """The batch's file in an engine of its own. again: as the check left it, if of a large file and of the same day; what overflowed to disk goes when it ends."""
    work, file, today = folder(batch), file_of(batch), timezone.localdate()
    made_of = json.dumps([__version__, today.isoformat(), batch.calendar, batch.sha256, batch.mapping], sort_keys=True)
    known = kept(work, made_of) if again else None
    if not known:
        forget(work)
    before = known or Kept()
    refused = Refused(refused_file(batch), batch.heading, before.size, before.refused, list(before.first))
    try:
        with engine(
            work, len(batch.mapping), str(work / STAGED) if _large(file) else ":memory:", bool(known)
        ) as running:
            rows = Staging(running, refused, batch.calendar, today, batch.mapping, before.rows)
            if not known:
                rows.read(file)
                _split(rows)
                rows.share()
                if _large(file):
                    rows.keep(work, made_of)
            yield rows
    finally:
        refused.close()
        shutil.rmtree(work / "overflow", ignore_errors=True)


TWO_PLACES = (
    "household_key IN (SELECT household_key FROM good GROUP BY household_key HAVING count(DISTINCT area_code) > 1)"
)
TWICE = "person_key IN (SELECT person_key FROM good GROUP BY person_key HAVING count(*) > 1)"
OF_BAD = "household_key IN (SELECT household_key FROM bad)"


def _split(staging: Staging) -> None:
    """Who stands twice is refused, a household in two places, and then every household of which a row is refused."""
    for row in _taken_out(staging, TWO_PLACES):
        fault = Fault(
            "HY-J014",
            row=row["row"],
            column="area_code",
            en="the rows of this household name two places. A household lives in one.",
            fa="ردیف‌های این خانوار دو محل را نام برده‌اند. هر خانوار در یک محل زندگی می‌کند.",
        )
        _refuse(staging, [row], [fault])
    for row in _taken_out(staging, TWICE):
        fault = Fault(
            "HY-Z113",
            row=row["row"],
            column="person_key",
            en="this key stands twice in the file. Each person stands once.",
            fa="این کد دو بار در پرونده آمده است. هر فرد یک بار می‌آید.",
        )
        staging.engine.execute("INSERT INTO bad VALUES (?)", [row["household_key"]])
        _refuse(staging, [row], [fault])
    for row in _taken_out(staging, OF_BAD):
        _refuse(staging, [row], [])


def _taken_out(staging: Staging, which: str) -> list[dict[str, Any]]:
    found = staging.engine.execute(f"SELECT * FROM good WHERE {which} ORDER BY row")  # nosec B608  # noqa: S608 conditions of ours
    names = [one[0] for one in found.description]
    rows = [dict(zip(names, values, strict=True)) for values in found.fetchall()]
    staging.engine.execute(f"DELETE FROM good WHERE {which}")  # nosec B608  # noqa: S608
    return rows


def staged(batch: Import) -> Generator[int, None, None]:
    """Stages a large file for who takes it in, where the check has not; yields how many rows it has."""
    with _staged(batch, again=True) as staging:
        yield staging.rows


def accept(*, by: Actor | None, batch: Import, take_suspected: bool = False, beforehand: bool = False) -> Import:
    """Say yes to what was checked, or beforehand to what will be found sound; the job takes it in. Raises HamyarError HY-Z130."""
    with transaction.atomic():
        state = ImportState.CHECKING if beforehand else ImportState.CHECKED
        moved = Import.objects.filter(pk=batch.pk, state=state).update(
            state=ImportState.RUNNING, take_suspected=take_suspected
        )
        if not moved:
            raise error(
                "HY-Z130",
                en="this import was accepted or undone meanwhile. Look at it again.",
                fa="این بارگذاری در این میان پذیرفته یا برگردانده شده است. دوباره آن را ببینید.",
            )
        audit.record(by, "import.accepted", batch, suspected=take_suspected)
    batch.refresh_from_db()
    return batch


def acting(batch: Import) -> Actor | None:
    """Who brought the file, as they stand today; by nobody it was the operator at the server's command line."""
    if batch.membership_id is None:
        return None
    living = Job.objects.living().select_related("user", "organisation__area", "deputy_of")
    membership = living.filter(pk=batch.membership_id).first()
    if membership is None:
        raise error(
            "HY-Z131",
            en="whoever brought this file no longer acts for the organisation.",
            fa="کسی که این پرونده را آورده دیگر از سوی سازمان عمل نمی‌کند.",
        )
    return Actor(membership.user, membership)


@contextmanager
def _alone(batch: Import) -> Iterator[IO[str]]:
    """A command and the worker do not take in one batch at once; the second finds what the first did."""
    with (folder(batch) / "lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        batch.refresh_from_db()
        yield file


def run(batch: Import, progress: Progress | None = None) -> Import:
    """Take it in, chunk by chunk; each chunk and how far it came are one transaction, so a killed run goes on where it was.

    What a killed run took in is only judged again, since its refused rows belong in the file too.
    """
    with _alone(batch) as lock:
        if batch.state == ImportState.RUNNING:
            short = batch.total <= LONG if is_counted(batch) else not _large(file_of(batch))
            short = short or connection.in_atomic_block
            if not short and not is_counted(batch):
                stage_apart(batch, lock)
            _take_in(batch, acting(batch), prepared(batch) if short else apart(batch, lock), progress)
    return batch


def prepared(batch: Import) -> Generator[Prepared, None, None]:
    """What the file brings, chunk by chunk, judged and sealed; the persons' keys are kept already, and refused rows stand in their file."""
    actor, before, passed = acting(batch), batch.done, 0
    with _staged(batch, again=True) as staging, without_garbage():
        total, reading = staging.count(), Reading(batch, actor)
        for chunk in staging.households(CHUNK):
            judged = reading.judge(chunk)
            for rows, faults in judged.refused:
                _refuse(staging, rows, faults)
            passed += len(chunk)
            if passed <= before:
                yield Prepared(passed, total)
                continue
            sealed = reading.sealed(judged) if judged.new else None
            areas = reading.areas_of(judged) if actor else []
            compared = [(old, differences(new, old, reading)) for new, old in judged.known]
            changed = [(old, wanted) for old, wanted in compared if wanted]
            yield Prepared(passed, total, _counts(judged, len(changed)), {}, sealed, areas, changed)
        yield Prepared(passed, total, whole=_whole(staging))


def _take_in(
    batch: Import, actor: Actor | None, chunks: Generator[Prepared, None, None], progress: Progress | None
) -> None:
    before, origin, counted = batch.done, origin_of(batch), is_counted(batch)
    counts = {**COUNTED, **batch.counts}

    def write(chunk: Prepared, turn: Turn) -> None:
        if chunk.new:
            register_sealed(by=actor, sealed=chunk.new, subject=batch, areas=chunk.areas, turn=turn)
        else:
            turn()
        for old, wanted in chunk.changed:
            _change(batch, actor, old, wanted, origin)
        if not counted:
            counts.update({name: counts[name] + more for name, more in chunk.counts.items()} | chunk.whole)
        if chunk.passed > before:
            Import.objects.filter(pk=batch.pk).update(done=chunk.passed, total=chunk.total, counts=counts)

    with closing(chunks), written_at_length(connection), closing(in_turn(chunks, write)) as standing:
        for chunk in standing:
            batch.done, batch.total = chunk.passed, chunk.total
            if progress:
                progress(chunk.passed, chunk.total)
    with transaction.atomic():
        batch.counts, batch.state, batch.ended_at = counts, ImportState.DONE, timezone.now()
        batch.save()
        audit.record(actor, "import.done", batch, households=batch.done)
    file_of(batch).unlink(missing_ok=True)
    forget(folder(batch))


def _change(batch: Import, by: Actor | None, old: Household, wanted: dict[str, Any], origin: Origin) -> None:
    before = {
        "area": str(old.area_id),
        "facts": old.facts,
        "provenance": old.provenance,
        "decile": old.decile,
        "people": {str(person.pk): _kept(person) for person, _ in wanted.get("people", [])},
    }
    change_household(
        by=by, household=old, version=old.version, area=wanted.get("area"), facts=wanted.get("facts"), origin=origin
    )
    for person, changes in wanted.get("people", []):
        change_person(by=by, person=person, version=person.version, origin=origin, **changes)
    if cover_by_others := {name: wanted[name] for name in ("decile", "organisation") if name in wanted}:
        cover = record_cover(by=by, household=old, source=origin.source, as_of=origin.as_of, **cover_by_others)
        before["cover"] = cover.pk
    added = [
        add_person(by=by, household=old, version=_version(old), new=person, origin=origin)
        for person in wanted.get("added", [])
    ]
    before["added"] = [str(person.pk) for person in added]
    ImportedChange.objects.get_or_create(
        batch=batch, household=old, defaults={"before": before, "version": _version(old)}
    )


def _version(household: Household) -> int:
    return Household.objects.values_list("version", flat=True).get(pk=household.pk)


COLUMNS = ("name", "given_index", "family_index")


def _kept(person: Person) -> dict[str, Any]:
    """A person's columns as they were; what is sealed stays so."""
    sealed = {
        name: value and base64.b64encode(bytes(value)).decode() for name in COLUMNS for value in [getattr(person, name)]
    }
    born = person.birth_date.isoformat() if person.birth_date else None
    return sealed | {"mask": person.mask, "sex": person.sex, "birth_date": born}


def undo(*, by: Actor | None, batch: Import) -> Import:
    """Say that what it brought is taken back; the job does it. Raises NotAllowed, HamyarError HY-Z132."""
    if by and (batch.organisation_id != by.organisation.pk or Function.ASSESS not in mandates.functions_of(by)):
        raise mandates.NotAllowed
    with transaction.atomic():
        moved = Import.objects.filter(pk=batch.pk, state=ImportState.DONE).update(state=ImportState.UNDOING, done=0)
        if not moved:
            raise error(
                "HY-Z132", en="only what was taken in can be undone.", fa="تنها آنچه پذیرفته شده است برگردانده می‌شود."
            )
        audit.record(by, "import.undo_begun", batch)
    batch.refresh_from_db()
    return batch


def take_back(batch: Import, progress: Progress | None = None) -> Import:
    """Its own households go with their keys, changed ones become what they were, unless somebody changed them since."""
    with _alone(batch):
        if batch.state == ImportState.UNDOING:
            _take_back(batch, progress)
    return batch


def _take_back(batch: Import, progress: Progress | None) -> None:
    emptied = Q(state=State.CLOSED)  # by the start that found their keys gone, after a kill
    own = Household.objects.filter(Q(version=1) | emptied, batch=batch.pk).order_by("pk")
    total, done = own.count(), 0
    while some := list(own.values_list("pk", flat=True)[:CHUNK]):
        persons = list(Person.objects.filter(household__in=some).values_list("pk", flat=True))
        with transaction.atomic():
            Person.objects.filter(pk__in=persons).delete()
            Household.objects.filter(pk__in=some).delete()
            store.destroy(persons)  # in a database of its own: a kill after it brings the rows back, and undo goes on
        done += len(some)
        if progress:
            progress(done, total)
    kept = Household.objects.filter(batch=batch.pk).count()
    for change in batch.changes.select_related("household"):
        kept += not _restore(change)
    with transaction.atomic():
        batch.refresh_from_db()
        batch.state, batch.ended_at = ImportState.UNDONE, timezone.now()
        batch.counts |= {"kept": kept}
        batch.save()
        audit.record(None, "import.undone", batch, kept=kept)


@transaction.atomic
def _restore(change: ImportedChange) -> bool:
    """The household as it was; False where somebody changed it after the import."""
    household, before = change.household, change.before
    if household.version != change.version:
        return False
    area = Area.objects.get(pk=before["area"])
    values = {name: before[name] for name in ("facts", "provenance", "decile")}
    Household.objects.filter(pk=household.pk).update(area=area, path=area.path, version=household.version + 1, **values)
    household.people.update(path=area.path)
    household.covers.filter(pk=before.get("cover")).delete()
    for pk, columns_before in before["people"].items():
        sealed = {name: value and base64.b64decode(value) for name, value in columns_before.items() if name in COLUMNS}
        plain = {name: value for name, value in columns_before.items() if name not in COLUMNS}
        Person.objects.filter(pk=pk, erased_at=None).update(**plain, **sealed)
    added = [pk for pk in before["added"] if Person.objects.filter(pk=pk, erased_at=None).exists()]
    Person.objects.filter(pk__in=added).delete()
    Household.objects.filter(pk=household.pk).update(members=household.memberships.living().count())
    change.delete()
    store.destroy(added)
    return True


@transaction.atomic
def hand_out_refused(*, by: Actor, batch: Import) -> Path:
    """The refused rows, to whoever brings lists for the organisation."""
    mandates.require_somewhere(by, Function.ASSESS)
    audit.record(by, "import.refused_handed_out", batch)
    return refused_file(batch)


def forget_uploads() -> int:
    """Files that nobody accepted within a week go, since they hold names in clear."""
    old = Import.objects.filter(made_at__lt=timezone.now() - KEPT)
    stale = [batch for batch in old if file_of(batch).exists() and batch.state != ImportState.RUNNING]
    for batch in stale:
        shutil.rmtree(folder(batch))
    return len(stale)


def go_on() -> int:
    """Queue what a killed command left under way; of what is done already the job does nothing. How many."""
    left = Import.objects.filter(state__in=(ImportState.CHECKING, ImportState.RUNNING, ImportState.UNDOING))
    for batch in left:
        jobs.later(WORK, str(batch.pk), name=batch.file_name)
    return len(left)


def work(name: str) -> None:
    """The job of an import: whatever its state asks for. What goes wrong is written on it and said in its list."""
    batch = Import.objects.get(pk=name)
    step = {ImportState.CHECKING: check, ImportState.RUNNING: run, ImportState.UNDOING: take_back}.get(batch.state)
    if step is None:
        return
    try:
        step(batch, lambda done, total: _advance(batch, done, total))
    except HamyarError as refusal:
        texts = [f"{fault.text('fa')}\n{fault.text('en')}" for fault in refusal.faults]
        Import.objects.filter(pk=name).update(state=ImportState.FAILED, message="\n".join(texts))


def _advance(batch: Import, done: int, total: int) -> None:
    """How far it came; a run writes that itself, with what it took in."""
    if batch.state != ImportState.RUNNING:
        Import.objects.filter(pk=batch.pk).update(done=done, total=total)
