"""The identities of the note and of the literature, one file a topic; every file's `RECORDS` is in the catalogue."""

from importlib import import_module
from pkgutil import iter_modules

from matcalc.catalogue import gather

TOPICS = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
CATALOGUE = gather({topic.__name__: topic.RECORDS for topic in TOPICS})
