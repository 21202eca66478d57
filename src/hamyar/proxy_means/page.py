"""One page for the programme manager: which answers add how much, and how far a score may be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import pandas as pd

from hamyar.persian.numbers import number, percent
from hamyar.proxy_means.model import ProxyMeans

TEXTS = {
    "fa": {
        "title": "هر پاسخ چه‌قدر می‌افزاید",
        "explained": "پاسخ‌ها با هم {whole} از تفاوت درآمد خانوارها را توضیح می‌دهند (در خانوارهایی که مدل ندیده است؛ {households} خانوار).",
        "interval": "درآمد واقعی ۹۵ خانوار از هر ۱۰۰ خانوار میان {low} و {high} برابر امتیاز آن‌هاست. پس امتیاز برای ترتیب گروه‌هاست، نه حکم دربارهٔ یک خانوار.",
        "rule": "امتیاز به‌تنهایی کسی را انتخاب نمی‌کند: قاعدهٔ برش (سهمیه یا خط) را بگویید، زیرا با همین امتیازها خطای حذف با هر قاعده فرق می‌کند.",
        "gap": "خانواری که پاسخی از آن نامعلوم است امتیاز ندارد و باید دوباره دیده شود.",
        "answer": "پاسخ",
        "gain": "آنچه به پاسخ‌های دیگر می‌افزاید",
        "alone": "به‌تنهایی",
        "little": "پاسخ‌هایی که چیزی نمی‌افزایند را می‌توان نپرسید.",
    },
    "en": {
        "title": "How much each answer adds",
        "explained": "Together the answers explain {whole} of the differences in income (among households that the model has not seen; {households} households).",
        "interval": "The real income of 95 households in 100 lies between {low} and {high} times their score. A score is for the order of groups, not a verdict on one household.",
        "rule": "A score selects nobody by itself: say the cut-off rule (a quota or a line), since with the same scores each rule leaves out others.",
        "gap": "A household with an unknown answer has no score and is to be visited again.",
        "answer": "Answer",
        "gain": "What it adds to the other answers",
        "alone": "By itself",
        "little": "An answer that adds nothing need not be asked.",
    },
}
STYLE = (
    "body{font:16px/1.7 Vazirmatn,system-ui,sans-serif;max-inline-size:44rem;margin:2rem auto;padding-inline:1rem;color:#222}"
    "table{border-collapse:collapse;inline-size:100%}th,td{text-align:start;padding:.3rem .5rem;border-block-end:1px solid #ccc}"
    "td.n{font-variant-numeric:tabular-nums;white-space:nowrap}i{display:block;block-size:.6rem;background:#33658a}"
)


def page(
    model: ProxyMeans,
    gains: pd.DataFrame,
    language: str = "fa",
    titles: Mapping[str, Mapping[str, str]] | None = None,
) -> str:
    """A self-contained page in HTML, without script, in "fa" or "en".

    gains: of `ProxyMeans.gains`; titles: column → its words in both languages (the column's name where not given).
    """
    texts, fitted = TEXTS[language], model.need_fitted()
    low, high = (number(factor, language, 2) for factor in model.factors)
    households = number(fitted.households, language)
    said = texts["explained"].format(whole=percent(gains.attrs["r2"], language), households=households)
    lines = [said, *([texts["interval"].format(low=low, high=high)] if model.log else []), texts["rule"], texts["gap"]]
    widest = max(float(gains["gain"].max()), 1e-12)
    rows = [
        f"<tr><td>{escape((titles or {}).get(answer, {}).get(language, answer))}</td>"
        f'<td class="n">{percent(gain, language)}<i style="inline-size:{max(gain, 0) / widest:.0%}"></i></td>'
        f'<td class="n">{percent(alone, language)}</td></tr>'
        for answer, alone, gain in zip(*(gains[name].tolist() for name in ("answer", "alone", "gain")), strict=True)
    ]
    head = "".join(f'<th scope="col">{texts[name]}</th>' for name in ("answer", "gain", "alone"))
    direction = "rtl" if language == "fa" else "ltr"
    return (
        f'<!doctype html><html lang="{language}" dir="{direction}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{texts["title"]}</title>'
        f"<style>{STYLE}</style><h1>{texts['title']}</h1>{''.join(f'<p>{line}</p>' for line in lines)}"
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table><p>{texts['little']}</p></html>\n"
    )
