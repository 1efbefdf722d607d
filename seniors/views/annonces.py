"""What is said on the page after an act (design, « Mots »)."""

from decimal import Decimal

from django.contrib import messages
from django.utils.html import format_html

from conventions.models import Credit
from seniors.models import Inscription
from seniors.regles.libelles import message_d_inscription
from sev.socle.typographie import euros, quantite


def annoncer_inscription(request, inscription: Inscription, *, montant: Decimal | None) -> None:
    """Say who is registered, aided or not and why, and what is left of the credit (C7); an aid is `montant` euros."""
    credits = Credit.objects.pour(request.user).filter(programme=inscription.annee)
    credit = credits.first()
    texte = message_d_inscription(inscription, credit.disponible if credit else None, montant)
    (messages.success if inscription.aidee else messages.warning)(request, texte)


def annoncer_aides_de_la_file(request, aidees: list[Inscription]) -> None:
    """Name those who gain an aid because credit came back (C9)."""
    if aidees:
        noms = ", ".join(str(i.senior) for i in aidees)
        total = euros(sum(i.aide for i in aidees))
        combien = quantite(len(aidees), "aide")
        messages.info(
            request, f"{combien} de plus ({total}), du crédit étant revenu. Maintenant aidés : {noms}."
        )


def annoncer_retrait(request, fait: str) -> None:
    """Say who left the list, with the way to undo it (I13)."""
    messages.success(request, format_html('{} <a href="#retires">Annuler</a>', fait))


def annoncer_retablissement(request, revenues: list[Inscription], refusees: list) -> None:
    """Say who is back on the list, with the aid as it is now, and who can't be, with the reason."""
    if revenues:
        noms = ", ".join(str(i.senior) for i in revenues)
        aidees = sum(1 for i in revenues if i.aidee)
        messages.success(
            request, f"De retour sur la liste : {noms}. {quantite(aidees, 'aide')} sur {len(revenues)}."
        )
    for inscription, raison in refusees:
        messages.warning(request, f"{inscription.senior} n'est pas de retour sur la liste. {raison}")
    if not revenues and not refusees:
        messages.info(request, "Rien à rétablir. Un collègue vient peut-être de le faire.")
