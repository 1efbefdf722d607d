"""ANCV's acts on a convention that take its groups or its queue: renewed, suspended, closed (C1)."""

from django.contrib import admin

from conventions.admin import comptes as comptes_admin
from conventions.admin.fiches import Acte, Lien
from conventions.forms import ArretForm, RenouvellementForm
from conventions.models import Convention, Credit
from conventions.operations import conventions
from sejours.operations.conventions import clore, en_cours
from seniors.admin.credits import SERVIES, aides_donnees
from seniors.operations.complements import renouveler
from sev.socle.admin import Rempli
from sev.socle.temps import aujourdhui
from sev.socle.typographie import euros, quantite


def _suites_de_la_cloture(convention: Convention) -> str:
    """Say what closing does, or what forbids it."""
    reste = en_cours(convention, aujourdhui())
    if reste.obstacle:
        return f"Cette convention ne peut pas être close maintenant. {reste.obstacle}"
    comptes = convention.organisme.comptes.filter(is_active=True).count()
    phrases = [
        "Plus rien de nouveau ne pourra être enregistré. Les groupes et leurs listes restent, en lecture, à l'ANCV.",
        f"{quantite(comptes, 'compte actif|comptes actifs')} : fermés, le titulaire est prévenu par e-mail.",
    ]
    if reste.a_solder:
        phrases.append(
            f"Attention : {quantite(reste.a_solder, 'séjour passé|séjours passés')} sans validation terminée. "
            "L'organisme ne pourra plus la faire."
        )
    libres = Credit.objects.filter(convention=convention, programme__gte=aujourdhui().year)
    phrases += [
        f"Il reste {euros(c.disponible)} disponibles sur les crédits {c.annee} : reprenez-les si besoin."
        for c in libres.order_by("programme")
        if c.disponible
    ]
    return "\n".join(phrases)


class ConventionAdmin(comptes_admin.ConventionAdmin):
    """Conventions, from their activation to their end."""

    list_display = ["numero", "organisme", "nature", "etat", "activee_le"]
    list_filter = [
        "organisme__nature",
        ("activee_le", Rempli),
        ("suspendue_le", Rempli),
        ("close_le", Rempli),
    ]
    liens = (
        *comptes_admin.ConventionAdmin.liens,
        Lien(
            "Groupes",
            "sejours_groupe_changelist",
            "sejours.view_groupe",
            lambda convention: {"porteur__exact": convention.pk},
            propose=lambda convention: convention.organisme.nature == "PORTEUR",
        ),
        Lien(
            "Équipements",
            "sejours_equipement_changelist",
            "sejours.view_equipement",
            lambda convention: {"prestataire__exact": convention.pk},
            propose=lambda convention: convention.organisme.nature == "PRESTATAIRE",
        ),
    )
    actes = (
        *comptes_admin.ConventionAdmin.actes,
        Acte(
            nom="renouveler",
            droit="conventions.change_convention",
            libelle="Renouveler pour une année",
            texte=f"Les crédits d'une année sont alloués, dans la limite de l'enveloppe nationale. {SERVIES}",
            fait=aides_donnees("La convention est renouvelée."),
            formulaire=RenouvellementForm,
            initial=lambda convention: {"annee": aujourdhui().year + 1, "motif": "renouvellement"},
            propose=lambda convention: convention.active and convention.organisme.nature == "PORTEUR",
            operation=lambda request, convention, donnees: renouveler(
                convention=convention, **donnees, par=request.user, le=aujourdhui()
            ),
        ),
        Acte(
            nom="suspendre",
            droit="conventions.change_convention",
            libelle="Suspendre…",
            texte="Aucune option, aucun groupe, aucun crédit ne pourra être enregistré sur cette convention. Les "
            "listes déjà ouvertes restent modifiables, les comptes restent ouverts. Le titulaire est prévenu par "
            "e-mail.",
            fait="La convention est suspendue.",
            formulaire=ArretForm,
            propose=lambda convention: convention.active,
            operation=lambda request, convention, donnees: conventions.suspendre(
                convention=convention, **donnees, par=request.user, le=aujourdhui()
            ),
        ),
        Acte(
            nom="reprendre",
            droit="conventions.change_convention",
            libelle="Lever la suspension",
            texte="Tout redevient possible. Le titulaire est prévenu par e-mail.",
            fait="La convention est de nouveau active.",
            propose=lambda convention: convention.suspendue_le is not None,
            operation=lambda request, convention, donnees: conventions.reprendre(
                convention=convention, par=request.user, le=aujourdhui()
            ),
        ),
        Acte(
            nom="clore",
            droit="conventions.change_convention",
            libelle="Clore la convention…",
            texte=_suites_de_la_cloture,
            fait="La convention est close, ses comptes sont fermés.",
            formulaire=ArretForm,
            propose=lambda convention: convention.activee_le is not None and convention.close_le is None,
            operation=lambda request, convention, donnees: clore(
                convention=convention, **donnees, par=request.user, le=aujourdhui()
            ),
        ),
        Acte(
            nom="rouvrir",
            droit="conventions.change_convention",
            libelle="Rouvrir la convention",
            texte="Le compte du titulaire est rouvert, avec le même mot de passe ; ceux de ses collègues restent "
            "fermés.",
            fait="La convention est de nouveau active.",
            propose=lambda convention: convention.close_le is not None,
            operation=lambda request, convention, donnees: conventions.rouvrir(
                convention=convention, par=request.user, le=aujourdhui()
            ),
        ),
    )

    @admin.display(description="nature", ordering="organisme__nature")
    def nature(self, convention):
        return convention.organisme.get_nature_display()

    @admin.display(description="état")
    def etat(self, convention):
        return convention.etat


admin.site.unregister(Convention)
admin.site.register(Convention, ConventionAdmin)
