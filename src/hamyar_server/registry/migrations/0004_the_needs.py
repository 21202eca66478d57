"""The needs that a nomination may name."""

from django.db import migrations

NEEDS = [
    ("drinking-water", "infrastructure", "آب آشامیدنی", "drinking water"),
    ("school", "infrastructure", "مدرسه", "school"),
    ("clinic", "infrastructure", "خانهٔ بهداشت و درمانگاه", "clinic"),
    ("road", "infrastructure", "راه", "road"),
    ("housing", "infrastructure", "مسکن", "housing"),
    ("jobs", "infrastructure", "اشتغال", "jobs"),
    ("livelihood", "social", "بستهٔ معیشتی", "livelihood package"),
    ("medical-costs", "social", "هزینهٔ درمان", "medical costs"),
    ("dowry", "social", "جهیزیه", "dowry"),
    ("orphans", "social", "ایتام", "orphans"),
    ("no-breadwinner", "social", "خانوار بدون نان‌آور", "family without a breadwinner"),
]


def add(apps, schema_editor):
    need = apps.get_model("registry", "Need")
    for order, (code, kind, name_fa, name_en) in enumerate(NEEDS):
        need.objects.get_or_create(code=code, defaults={"kind": kind, "name_fa": name_fa, "name_en": name_en, "order": order})


class Migration(migrations.Migration):
    replaces = [("intake", "0002_needs")]
    dependencies = [("registry", "0003_consent_first")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
