"""The contracts' words as a reader says them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

LABELS = {
    "census": _("census"),
    "probability_sample": _("probability sample"),
    "list": _("list: among those assessed"),
    "survey": _("survey"),
    "assessed": _("assessed"),
    "declared": _("declared"),
    "model": _("model"),
    "synthetic": _("synthetic"),
    "direct": _("measured in the sample"),
    "synthetic_part": _("model alone, without a sample"),
    "index": _("index"),
    "round": _("The round itself"),
    "sample": _("Sample"),
    "areas": _("Areas"),
    "households": _("Households"),
    "boundaries": _("Boundaries"),
}
