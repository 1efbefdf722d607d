"""What the apps above hold about a person (X4): each says so when it starts, as nothing here may import them."""

from collections.abc import Callable
from dataclasses import dataclass

from seniors.models import Senior


@dataclass(frozen=True)
class Annexe:
    """What another app knows of a person, under any of her spellings; she and the groups of her stays are locked.

    `pourquoi_garder(senior)` says why she can't be erased now, '' when she can; `effacer(senior=…, maintenant=…)` is a
    step of her erasure, before her name goes; `donnees(senior)` gives sections of her export, label by label.
    """

    pourquoi_garder: Callable[[Senior], str]
    effacer: Callable[..., None]
    donnees: Callable[[Senior], dict[str, list[dict[str, str]]]]


ANNEXES: list[Annexe] = []
