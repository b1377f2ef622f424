"""All facts, by the first page that says them."""

from __future__ import annotations

import importlib

from tlhelpers.training.keras_facts import fact

_MODULES = ("feeding", "batchnorm", "rates", "averages", "losses", "doctor")

for _module in _MODULES:  # importing one puts its facts into the catalog
    importlib.import_module(f"tlhelpers.training.keras_facts.{_module}")

FACTS: dict[str, fact.Fact] = {
    one.name: one for one in sorted(fact.FACTS.values(), key=lambda one: one.where)
}
"""All facts by name."""
