"""Every sentence of the report, in Persian and English."""

from __future__ import annotations

from typing import Any

WORDS: dict[str, dict[str, str]] = {
    "round": {"fa": "دور اولویت‌بندی", "en": "Round"},
    "fictive": {
        "fa": "استان، محدوده‌ها و همهٔ رقم‌های این گزارش ساختگی است.",
        "en": "The province, its areas and all figures in this report are fictive.",
    },
    "assessed_only": {
        "fa": "رقم‌ها فقط در میان ارزیابی‌شدگان است؛ نرخ محدوده‌ها نیست و خطای معیار ندارد.",
        "en": "The figures are among those assessed; they are not rates of the areas and have no standard error.",
    },
    "lead": {
        "fa": "از {total} محدوده، {surely_in} محدوده قطعاً در یک‌پنجم محروم‌تر ({worst} محدوده) است؛ دربارهٔ {uncertain} محدوده داده‌ها پاسخی ندارند و {surely_out} محدوده قطعاً بیرون از آن است.",
        "en": "{surely_in} of {total} areas surely {belong} to the worst fifth ({worst} areas); for {uncertain} the data cannot say; {surely_out} surely lie outside it.",
    },
    "lead_index": {
        "fa": "از {total} محدوده، {surely_in} محدوده با هر وزن‌دهی معقول در یک‌پنجم محروم‌تر ({worst} محدوده) است؛ جای {uncertain} محدوده به وزن‌ها بستگی دارد و {surely_out} محدوده بیرون از آن است.",
        "en": "{surely_in} of {total} areas {belong} to the worst fifth ({worst} areas) under nearly every weighting; for {uncertain} it hangs on the weights; {surely_out} lie outside it.",
    },
    "picture": {"fa": "تصویری از", "en": "A picture of"},
    "rules": {"fa": "قواعد جاری در", "en": "Rules in force on"},
    "by_rate": {"fa": "از نظر نرخ", "en": "By rate"},
    "by_score": {"fa": "از نظر امتیاز، با فاصلهٔ رتبه", "en": "By score, with the interval of the rank"},
    "by_people": {"fa": "از نظر تعداد افراد", "en": "By number of people"},
    "first": {"fa": "{shown} محدودهٔ نخست از {total}", "en": "the first {shown} of {total}"},
    "table": {"fa": "همهٔ محدوده‌ها، از محروم‌ترین", "en": "All areas, the worst first"},
    "cut": {
        "fa": "{shown} محدودهٔ نخست از {total} محدوده؛ همه در areas.parquet است.",
        "en": "The first {shown} of {total} areas; all are in areas.parquet.",
    },
    "area": {"fa": "محدوده", "en": "Area"},
    "rate": {"fa": "سهم فقیران", "en": "Share of people who are poor"},
    "rate_list": {"fa": "سهم فقیران در میان ارزیابی‌شدگان", "en": "Share of poor among those assessed"},
    "score": {"fa": "امتیاز، ۰ تا ۱۰۰", "en": "Score, 0 to 100"},
    "people": {"fa": "تعداد فقیران", "en": "Poor people"},
    "tier": {"fa": "رده", "en": "Tier"},
    "drawn": {"fa": "فاصله", "en": "Interval"},
    "p_worst": {"fa": "احتمال {p}", "en": "probability {p}"},
    "intervals": {
        "fa": "در پرانتز: فاصلهٔ اطمینان ۹۵٪. احتمال: احتمال بودن در یک‌پنجم محروم‌تر؛ از ۹۰٪ به بالا «قطعاً در اولویت»، تا ۱۰٪ «قطعاً خارج» و میان این دو «نامشخص».",
        "en": "In brackets: 95% intervals. Probability: of being among the worst fifth; surely in from 90%, surely out up to 10%, uncertain between.",
    },
    "intervals_index": {
        "fa": "خط: فاصلهٔ رتبه روی وزن‌دهی‌ها و روش‌های بهنجارسازی، نه روی نمونه‌ها؛ رتبهٔ ۱ (محروم‌ترین) در سمت راست است. احتمال: سهم انتخاب‌هایی که محدوده را در یک‌پنجم محروم‌تر می‌گذارند؛ از ۹۰٪ به بالا «قطعاً در اولویت»، تا ۱۰٪ «قطعاً خارج» و میان این دو «نامشخص».",
        "en": "Line: the interval of the rank over weightings and normalisations, not over samples; rank 1, the worst, is at the right. Probability: the share of choices that put the area among the worst fifth; surely in from 90%, surely out up to 10%, uncertain between.",
    },
    "no_intervals": {
        "fa": "احتمال: احتمال بودن در یک‌پنجم محروم‌تر.",
        "en": "Probability: of being among the worst fifth.",
    },
    "rank": {
        "fa": "رتبهٔ {rank} از {total} (همراه با همهٔ محدوده‌های دیگر، میان {low} تا {high})",
        "en": "Rank {rank} of {total} (together with all others, between {low} and {high})",
    },
    "rank_index": {
        "fa": "رتبهٔ {rank} از {total} (با وزن‌ها و روش‌های دیگر، میان {low} تا {high})",
        "en": "Rank {rank} of {total} (under other weights and methods, between {low} and {high})",
    },
    "tier_people": {"fa": "از نظر تعداد افراد: {tier}", "en": "by number of people: {tier}"},
    "rank_alone": {"fa": "رتبهٔ {rank} از {total}", "en": "Rank {rank} of {total}"},
    "asked": {"fa": "پرسش از {n} خانوار", "en": "{n} households asked"},
    "settles": {"fa": "چه چیزی تکلیف را روشن می‌کند:", "en": "What would settle it:"},
    "settling_n": {"fa": "پرسش از حدود {n} خانوار دیگر در همین محدوده.", "en": "about {n} more households asked here."},
    "settling_none": {
        "fa": "هیچ نمونه‌ای با اندازهٔ معقول؛ این محدوده بیش از حد به مرز یک‌پنجم محروم‌تر نزدیک است.",
        "en": "no sample of reasonable size; the area lies too near the edge of the worst fifth.",
    },
    "settling_index": {
        "fa": "بازدید میدانی یا سنجش خانوارها؛ شاخصی که از رقم‌های سرشماری ساخته شود نمونه ندارد.",
        "en": "a visit, or a measure of households; an index of census figures has no sample.",
    },
    "profiles": {"fa": "نیم‌رخ محدوده‌های بالای فهرست", "en": "Profiles of the areas at the top"},
    "unranked": {"fa": "محدوده‌های بدون رتبه", "en": "Areas without a rank"},
    "no_estimate": {"fa": "برآوردی در دست نیست", "en": "there is no estimate"},
    "method": {"fa": "روش", "en": "Method"},
    "notes": {"fa": "یادداشت‌ها", "en": "Notes"},
    "inputs": {"fa": "ورودی‌ها", "en": "Inputs"},
    "input": {"fa": "ورودی", "en": "Input"},
    "rows": {"fa": "تعداد ردیف", "en": "Rows"},
    "seed": {"fa": "بذر تصادفی", "en": "Seed"},
    "versions": {"fa": "نسخه‌ها", "en": "Versions"},
    "verify": {
        "fa": "با hamyar round verify این دور دوباره اجرا و همهٔ نتیجه‌ها با شناسنامه سنجیده می‌شود.",
        "en": "hamyar round verify runs this round again and compares every result with the manifest.",
    },
}
MADE = {
    "direct": {"fa": "عدد ساده: اندازه‌گیری‌شده در نمونه", "en": "Plain number: measured in the sample"},
    "model": {"fa": "نقطه‌چین: برآورد مدل", "en": "dotted: made by a model"},
    "synthetic_part": {"fa": "خط‌چین: تنها مدل، بدون نمونه", "en": "dashed: model alone, without a sample"},
}
NAMED = {
    "census": {"fa": "سرشماری", "en": "census"},
    "probability_sample": {"fa": "نمونهٔ احتمالی", "en": "probability sample"},
    "list": {"fa": "فهرست: در میان ارزیابی‌شدگان", "en": "list: among those assessed"},
    "survey": {"fa": "آمارگیری", "en": "survey"},
    "assessed": {"fa": "ارزیابی‌شده", "en": "assessed"},
    "declared": {"fa": "اظهارشده", "en": "declared"},
    "model": {"fa": "مدل", "en": "model"},
    "synthetic": {"fa": "ساختگی", "en": "synthetic"},
    "round": {"fa": "تعریف دور", "en": "the round"},
    "sample": {"fa": "نمونه", "en": "sample"},
    "areas": {"fa": "محدوده‌ها", "en": "areas"},
    "households": {"fa": "خانوارها", "en": "households"},
    "boundaries": {"fa": "مرزها", "en": "boundaries"},
}


def say(key: str, language: str, **values: Any) -> str:
    return WORDS[key][language].format(**values)


def named(word: str, language: str) -> str:
    """A word of the contracts as a reader says it; an unknown one stays."""
    return NAMED.get(word, {}).get(language, word)
