"""The command `hamyar`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import hamyar
from hamyar.errors import HamyarError

if TYPE_CHECKING:
    import pandas as pd

app = typer.Typer(
    name="hamyar",
    help="Find and explain deprivation, with the error of every number. · یافتن و توضیح محرومیت، همراه با خطای هر عدد.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
rounds_app = typer.Typer(help="Run a round, or verify one. · اجرا یا راستی‌آزمایی دور اولویت‌بندی", no_args_is_help=True)
measure_app = typer.Typer(help="Check a measure. · بررسی شاخص", no_args_is_help=True)
table_app = typer.Typer(help="Check a file against its contract. · بررسی فایل با قرارداد داده", no_args_is_help=True)
dataset_app = typer.Typer(help="Make the fictive province. · ساختن استان خیالی", no_args_is_help=True)
app.add_typer(rounds_app, name="round")
app.add_typer(measure_app, name="measure")
app.add_typer(table_app, name="table")
app.add_typer(dataset_app, name="dataset")

SHOWN = 60  # rows of a table on screen
CENSUS_INDICATORS = {"illiterate_share_active": 1, "unemp_rate": 1, "dependency": 1, "female_activity_10p": -1}
Output = Annotated[
    Path | None, typer.Option("-o", "--output", help="CSV, Parquet or JSON by its ending; else the screen.")
]
Steps = Callable[[int, int, str], None]


def main() -> None:
    """Run, and say what is wrong in both languages instead of a traceback."""
    try:
        app()
    except HamyarError as refusal:
        for fault in refusal.faults:
            print(fault, file=sys.stderr)  # noqa: T201
        if refusal.total > len(refusal.faults):
            print(f"… {refusal.total - len(refusal.faults)} more · مورد دیگر", file=sys.stderr)  # noqa: T201
        sys.exit(1)


@contextmanager
def progress(what: str) -> Iterator[Steps]:
    """A bar on the error stream; its steps are (done, total, what)."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total, name: bar.update(task, completed=done, total=total, description=name)


def show(frame: pd.DataFrame, output: Path | None, title: str) -> None:
    """A frame to a file by its ending, or to the screen."""
    writers: dict[str, Callable[[Path], Any]] = {
        ".csv": lambda path: frame.to_csv(path, index=False, encoding="utf-8-sig"),
        ".parquet": lambda path: frame.to_parquet(path, index=False),
        ".json": lambda path: frame.to_json(path, orient="records", force_ascii=False, indent=1),
    }
    if output is None:
        _on_screen(frame, title)
        return
    if output.suffix.lower() not in writers:
        raise HamyarError(_no_format(output))
    partial = output.with_name(output.name + ".partial")
    writers[output.suffix.lower()](partial)
    os.replace(partial, output)


def _no_format(output: Path) -> Any:
    from hamyar.errors import Fault

    return Fault(
        "HY-L001",
        file=output.name,
        en="the ending says no format. Use .csv, .parquet or .json.",
        fa="پسوند فایل قالبی را نشان نمی‌دهد. یکی از ‎.csv، ‎.parquet یا ‎.json را به کار ببرید.",
    )


def _on_screen(frame: pd.DataFrame, title: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, caption=f"{len(frame):,} rows" + (f", the first {SHOWN}" if len(frame) > SHOWN else ""))
    for name in frame.columns:
        table.add_column(str(name), justify="right" if frame[name].dtype.kind in "fi" else "left")
    for row in frame.head(SHOWN).itertuples(index=False):
        table.add_row(*(_cell(value) for value in row))
    console = Console()
    Console(width=max(console.width, 40 + 14 * len(frame.columns)) if not console.is_terminal else None).print(table)


def _cell(value: Any) -> str:
    if value is None or value != value:
        return ""
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hamyar {hamyar.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    del version


@rounds_app.command("run")
def round_run(
    round_file: Annotated[Path, typer.Argument(help="ROUND.yaml")],
    output: Annotated[Path, typer.Option("-o", "--output", help="A folder for the results.")],
) -> None:
    """Run a round: estimates, tiers, ranks, reasons, a report, and a manifest."""
    from hamyar import rounds

    with progress("round · دور") as steps:
        manifest = rounds.run(round_file, output, progress=steps)
    typer.echo(f"{output / 'report.html'}\nresult {manifest['result_hash']}")


@rounds_app.command("verify")
def round_verify(directory: Annotated[Path, typer.Argument(help="What `round run` wrote.")]) -> None:
    """Run it again and compare every hash; name what differs."""
    from hamyar import rounds

    differences = rounds.verify(directory)
    for difference in differences:
        typer.echo(str(difference), err=True)
    if differences:
        raise typer.Exit(1)
    typer.echo(
        "verified: every input and every result is as the manifest says · راستی‌آزمایی شد: همهٔ ورودی‌ها و نتیجه‌ها همان است"
    )


@measure_app.command("check")
def measure_check(file: Annotated[str, typer.Argument(help="A YAML file, or the name of a shipped measure.")]) -> None:
    """Check a measure and run its examples."""
    from hamyar.indicators import Measure

    measure = Measure.load(file)
    typer.echo(f"{measure.summary('fa')}\n{measure.summary('en')}")


@table_app.command("check")
def table_check(
    file: Path,
    contract: Annotated[str, typer.Option(help="area, household, person, design or survey_sample")],
    universe: Annotated[str, typer.Option(help="census, probability_sample or list")],
    provenance: Annotated[str, typer.Option(help="census, survey, assessed, declared, model or synthetic")],
    language: Annotated[str, typer.Option(help="en or fa")] = "en",
) -> None:
    """Say everything that is wrong with a file, with row, column and what to do."""
    from hamyar import tables

    report = tables.check(file, contract, universe=universe, provenance=provenance)
    typer.echo(report.text(language))
    if report.total:
        raise typer.Exit(1)


@app.command("poverty")
def poverty(
    data: Annotated[Path, typer.Argument(help="One row per household: CSV, XLSX, Parquet or Stata.")],
    measure: Annotated[str, typer.Option(help="A shipped measure or a YAML file.")],
    by: Annotated[list[str] | None, typer.Option(help="A column to group by; several are crossed.")] = None,
    weight: Annotated[str | None, typer.Option(help="Column of sampling weights.")] = None,
    strata: Annotated[str | None, typer.Option(help="Column of strata.")] = None,
    psu: Annotated[str | None, typer.Option(help="Column of clusters.")] = None,
    cutoff: Annotated[list[str] | None, typer.Option(help="Such as 1/3; several are given one by one.")] = None,
    universe: Annotated[str, typer.Option(help="census, probability_sample or list")] = "probability_sample",
    output: Output = None,
) -> None:
    """Alkire-Foster: H, A, M0, headcounts and contributions with their errors."""
    from hamyar.indicators import Measure
    from hamyar.poverty import alkire_foster
    from hamyar.survey import Design

    design = Design(weight=weight, strata=strata, psu=psu, universe=universe)
    with progress("poverty · فقر"):
        frame = alkire_foster(data, Measure.load(measure), design, by=by or None, cutoffs=cutoff or None)
    show(frame, output, f"{frame.attrs['label']['en']} · {frame.attrs['label']['fa']}")
    for note in frame.attrs["notes"]:
        typer.echo(f"{note['en']} · {note['fa']}", err=True)


@app.command("area-index")
def area_index(
    data: Annotated[Path, typer.Argument(help="One row per area: CSV, XLSX, Parquet or Stata.")],
    indicator: Annotated[
        list[str] | None,
        typer.Option(help="name=1 where more is worse, name=-1 where less is; without any, the census indicators."),
    ] = None,
    area: Annotated[str, typer.Option(help="The column that names the area.")] = "county_name",
    seed: Annotated[int, typer.Option(help="Of the weightings.")] = 0,
    output: Output = None,
) -> None:
    """Composite index of areas, with rank intervals over weightings, normalisations and means."""
    from hamyar.area_index import AreaIndex

    signs = dict(_sign(text) for text in indicator) if indicator else CENSUS_INDICATORS
    index = AreaIndex(indicators=signs).fit(data, area=area, seed=seed)
    show(index.table(), output, "area index: intervals over weightings and normalisations, not over samples")
    for name, gaps in index.not_ranked.items():
        typer.echo(f"{name}: not ranked, no value for {', '.join(gaps)} · بدون رتبه؛ مقدار ندارد", err=True)


def _sign(text: str) -> tuple[str, int]:
    name, _, sign = text.partition("=")
    if sign not in ("1", "-1", "+1"):
        raise typer.BadParameter(f"{text!r}: write name=1 or name=-1")
    return name, int(sign)


@dataset_app.command("province")
def dataset_province(
    directory: Path,
    households: Annotated[int, typer.Option(help="From 20,000 to 1,938,703.")] = 60_000,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 1405,
) -> None:
    """Write the fictive province: people, a survey, a coverage sample, nominations, and the truth."""
    from hamyar import datasets

    with progress("province · استان") as steps:
        datasets.province(directory, households=households, seed=seed, progress=steps)
    typer.echo(str(directory))
