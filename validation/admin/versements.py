"""ANCV pays (V8): what is due, batches with the bank's file, their payment; accounts, masked."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import path
from django.utils.http import content_disposition_header

from conventions.admin.fiches import Acte
from conventions.models import Organisme
from conventions.models.organismes import identifiant_normalise
from sejours.admin import Figee
from sev.socle.admin import GrandeListe, JournalAdmin, LectureAdmin
from sev.socle.lectures import noter
from sev.socle.models import Lecture
from sev.socle.tableur import reponse_xlsx
from sev.socle.temps import aujourdhui, maintenant
from sev.socle.typographie import date_complete, euros, heure, jour_mois_annee, quantite
from validation.documents.tableurs import classeur_des_sommes_dues, classeur_du_lot
from validation.forms.versements import (
    CompteDuPrestataireForm,
    DefaireForm,
    LotForm,
    PaiementForm,
    PremierCompteForm,
    RejetForm,
)
from validation.models import CoordonneesBancaires, Lot, Rejet, Versement, Virement
from validation.operations import rejets
from validation.operations import versements as operations
from validation.versements import CONDITIONS, sommes_dues

ORDRE, TABLEUR = "ordre de virement", "tableur d'un lot"


def _constat(objet):
    """Return the measure of what a batch takes: by provider, with its account, and what it leaves out."""
    avant = sommes_dues(le=aujourdhui())

    def mesurer(lot):
        restent = {somme.prestataire for somme in avant if somme.coordonnees is None}
        lignes = {
            f"{somme.nom} ({somme.convention}), {somme.compte}{f' : {somme.remarque}' if somme.remarque else ''}": (
                f"{somme.detail}, à verser"
                if lot is None
                else "laissé de côté : sans IBAN"
                if somme.prestataire in restent
                else f"{euros(somme.virable)} dans le lot"
                + (f", {euros(somme.rejete)} laissés de côté" if somme.rejete else "")
            )
            for somme in avant
        }
        total = sum(somme.montant for somme in avant)
        if lot is None:
            return {"Total": f"{euros(total)} à verser"} | lignes
        return {
            "Total": f"un lot de {euros(lot.montant)} ({quantite(lot.virements.count(), 'virement')}), "
            f"{euros(total - lot.montant)} laissés de côté"
        } | lignes

    return mesurer


def _avant_de_rejeter(virement: Virement) -> str:
    if virement.lot.paye_le is None:
        return "Seul un virement d'un lot payé peut être rejeté par la banque."
    return (
        f"Virement {virement.reference} de {euros(virement.montant)} ({quantite(virement.aides, 'aide')}) à "
        f"{virement.prestataire}, {virement.iban_masque}, payé le {date_complete(virement.lot.paye_le)}. "
        "Vérifiez sur le relevé de compte que la banque l'a renvoyé et que cet argent est revenu. Ces aides "
        "redeviennent à verser : elles iront dans un lot quand le prestataire aura changé ou confirmé son IBAN. "
        "Rien ne change pour les crédits du porteur. Le prestataire reçoit un e-mail avec le motif."
    )


def _avant_d_annuler_le_rejet(virement: Virement) -> str:
    return (
        f"Le virement {virement.reference} de {euros(virement.montant)} n'a pas été rejeté : ses aides sont de nouveau "
        "versées par lui. C'est possible tant qu'aucun autre lot ne les a prises. Le prestataire reçoit un e-mail."
    )


def _prestataire(objet, donnees) -> dict:
    """Return what the operation is given: the provider of the page, or of the number that was typed."""
    if objet is not None:
        return {**donnees, "prestataire": objet.prestataire}
    donnees = dict(donnees)
    numero = identifiant_normalise(donnees.pop("numero"))
    prestataire = Organisme.objects.filter(convention__numero=numero).first()
    if prestataire is None:
        raise operations.CoordonneesRefusees("Aucune convention n'a ce numéro.", champ="numero")
    return {**donnees, "prestataire": prestataire}


def _enregistrer_a_la_place(request, objet, donnees):
    return operations.enregistrer_a_la_place(
        **_prestataire(objet, donnees), par=request.user, le=aujourdhui(), maintenant=maintenant()
    )


def _telechargements(lot: Lot) -> str:
    """Say who was given the bank's file, and when."""
    lectures = Lecture.objects.filter(quoi=ORDRE, cle=lot.pk).select_related("par").order_by("pk")
    return " ; ".join(
        f"{lecture.par}, le {jour_mois_annee(lecture.le)} à {heure(lecture.le)}" for lecture in lectures
    )


def _avant_de_payer(lot: Lot) -> str:
    return (
        f"Lot de {euros(lot.montant)} ({quantite(lot.virements.count(), 'virement')}), à exécuter le "
        f"{date_complete(lot.execution_le)}. Vérifiez sur le relevé de compte que la banque l'a payé. Chaque aide "
        "passe alors d'« engagé » à « versé » dans les crédits du porteur, et les prestataires et les porteurs "
        "reçoivent un e-mail. On ne revient pas en arrière."
    )


def _avant_de_defaire(lot: Lot) -> str:
    remis = _telechargements(lot)
    prudence = (
        f"Son fichier a été téléchargé par {remis} : assurez-vous que la banque ne l'exécutera pas, sinon les mêmes "
        "aides seraient payées deux fois."
        if remis
        else "Son fichier n'a été téléchargé par personne."
    )
    return (
        f"Les {euros(lot.montant)} de ce lot redeviennent à verser, et son fichier ne peut plus être téléchargé. "
        f"{prudence}"
    )


def _constat_d_abandon(lot: Lot):
    """Return the measure of an undoing: whoever takes the file meanwhile makes the page be read again."""
    return lambda defait: {
        "Lot": (defait or lot).etat,
        "Fichier téléchargé par": _telechargements(lot) or "personne",
    }


class FiltreDesLots(admin.SimpleListFilter):
    """Where a batch stands: what `Lot.etat` says."""

    title = "état"
    parameter_name = "etat"
    conditions = {
        "A_PAYER": ("À payer", Q(paye_le__isnull=True, defait_le__isnull=True)),
        "PAYE": ("Payé", Q(paye_le__isnull=False)),
        "DEFAIT": ("Défait", Q(defait_le__isnull=False)),
    }

    def lookups(self, request, model_admin):
        """Return the three states."""
        return [(cle, mots) for cle, (mots, _) in self.conditions.items()]

    def queryset(self, request, queryset):
        """Return the batches in that state; all of them for an unknown one."""
        return queryset.filter(
            *(condition for cle, (_, condition) in self.conditions.items() if cle == self.value())
        )


@admin.register(Lot)
class LotAdmin(Figee):
    """Batches of transfers: made of all that is due, given to the bank, marked paid, or undone before."""

    creation = "validation.change_lot"
    change_list_template = "admin/validation/lots.html"
    list_display = ["reference", "cree_le", "execution_le", "montant", "virements", "etat", "paye_le"]
    list_filter = [FiltreDesLots, "cree_le"]
    search_fields = [
        "reference",
        "virements__reference",
        "virements__prestataire__nom",
        "=virements__groupe__pk",
    ]
    fields = readonly_fields = [
        "reference",
        "etat",
        "montant",
        "cree_le",
        "cree_par",
        "execution_le",
        "paye_le",
        "paye_par",
        "defait_le",
        "motif_defait",
        "fichiers",
        "lignes",
    ]
    ajout = Acte(
        nom="preparer",
        libelle="Préparer un lot…",
        texte="Toutes les sommes dues aux prestataires qui ont donné leur IBAN sont prises dans un lot : un virement "
        "par groupe, dans un fichier à remettre à la banque. Rien n'est versé tant que le lot n'est pas marqué payé.",
        fait="Le lot est préparé. Téléchargez son fichier pour la banque.",
        formulaire=LotForm,
        initial=lambda objet: {"execution_le": aujourdhui()},
        constater=_constat,
        operation=lambda request, objet, donnees: operations.creer_lot(
            **donnees, par=request.user, le=aujourdhui(), maintenant=maintenant()
        ),
    )
    actes = (
        Acte(
            nom="payer",
            libelle="Marquer payé…",
            texte=_avant_de_payer,
            fait="Le lot est payé. Les prestataires et les porteurs sont prévenus par e-mail.",
            formulaire=PaiementForm,
            initial=lambda lot: {"paye_le": aujourdhui()},
            propose=lambda lot: lot.etat == "À payer",
            operation=lambda request, lot, donnees: operations.marquer_paye(
                lot=lot, **donnees, par=request.user, le=aujourdhui(), maintenant=maintenant()
            ),
        ),
        Acte(
            nom="defaire",
            libelle="Défaire…",
            texte=_avant_de_defaire,
            fait="Le lot est défait. Ses sommes sont de nouveau à verser.",
            formulaire=DefaireForm,
            propose=lambda lot: lot.etat == "À payer",
            constater=_constat_d_abandon,
            operation=lambda request, lot, donnees: operations.defaire_lot(
                lot=lot, **donnees, par=request.user, maintenant=maintenant()
            ),
        ),
    )

    def has_add_permission(self, request):
        return request.user.has_perm("validation.add_lot")

    def get_queryset(self, request):
        """Leave the files where they are: a list of batches does not read them."""
        return super().get_queryset(request).defer("fichier").annotate(combien=Count("virements"))

    def get_urls(self):
        """Add what is due, and the two files of a batch."""
        voir = self.admin_site.admin_view
        return [
            path("sommes-dues/", voir(self.sommes_dues), name="validation_lot_sommes_dues"),
            path("sommes-dues.xlsx", voir(self.sommes_dues_xlsx), name="validation_lot_sommes_dues_xlsx"),
            path("<int:cle>/ordre.xml", voir(self.ordre), name="validation_lot_ordre"),
            path("<int:cle>/virements.xlsx", voir(self.tableur), name="validation_lot_tableur"),
            *super().get_urls(),
        ]

    def sommes_dues(self, request):
        """Show what is due, by provider, with what stops it or asks for a second look."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        contexte = {
            **self.admin_site.each_context(request),
            "title": "Sommes dues",
            "opts": self.opts,
            "sommes": (sommes := sommes_dues(le=aujourdhui())),
            "total": sum(somme.montant for somme in sommes),
            "sans_iban": sum(somme.montant for somme in sommes if somme.coordonnees is None),
            "peut_preparer": self.has_add_permission(request),
        }
        return render(request, "admin/validation/sommes_dues.html", contexte)

    def sommes_dues_xlsx(self, request):
        """The same, as a spreadsheet; accounts masked."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        le = aujourdhui()
        return reponse_xlsx(
            f"sommes-dues-{le:%Y-%m-%d}.xlsx", classeur_des_sommes_dues(sommes_dues(le=le), le=le)
        )

    def ordre(self, request, cle):
        """Give the bank's file of a batch that is not undone, and note who took it."""
        lot = self._remettre(request, cle, ORDRE)
        return HttpResponse(
            lot.fichier,
            content_type="application/xml; charset=utf-8",
            headers={
                "Content-Disposition": content_disposition_header(True, f"{lot.reference}.xml"),
                "Cache-Control": "private, no-store",
            },
        )

    def tableur(self, request, cle):
        """Give the spreadsheet of a batch that is not undone, and note who took it."""
        lot = self._remettre(request, cle, TABLEUR)
        return reponse_xlsx(f"{lot.reference}.xlsx", classeur_du_lot(lot))

    @transaction.atomic
    def _remettre(self, request, cle: int, quoi: str) -> Lot:
        """Note who takes a file, under the batch's lock: whoever undoes it knows, or the file is given no more.

        Once the bank's file is forgotten (X4) the spreadsheet alone is given, with the ends of the accounts.
        """
        lot = get_object_or_404(Lot.objects.verrouiller(), pk=cle)
        if not self.autorise(request, lot):
            raise PermissionDenied
        if lot.defait_le is not None or (quoi == ORDRE and lot.fichier == ""):
            raise Http404
        noter(quoi=quoi, cle=lot.pk, par=request.user)
        return lot

    @admin.display(description="virements")
    def virements(self, lot):
        return lot.combien

    @admin.display(description="état")
    def etat(self, lot):
        return lot.etat

    @admin.display(description="fichiers")
    def fichiers(self, lot):
        """Link the two files, and say who was given the bank's."""
        contexte = {"lot": lot, "remis": _telechargements(lot)}
        return render_to_string("admin/validation/_fichiers.html", contexte)

    @admin.display(description="virements")
    def lignes(self, lot):
        """Draw the transfers, accounts masked."""
        virements = (
            lot.virements.select_related("prestataire", "groupe__porteur")
            .prefetch_related("rejets")
            .order_by("pk")
        )
        return render_to_string("admin/validation/_virements.html", {"virements": virements})


class FiltreDesVirements(admin.SimpleListFilter):
    """Whether a transfer of a paid batch came back."""

    title = "état"
    parameter_name = "etat"
    rejets = Exists(Rejet.objects.en_vigueur().filter(virement=OuterRef("pk")))
    conditions = {
        "REJETE": ("Rejeté par la banque", [rejets]),
        "PAYE": ("Payé", [Q(lot__paye_le__isnull=False), ~rejets]),
    }

    def lookups(self, request, model_admin):
        """Return the two states."""
        return [(cle, mots) for cle, (mots, _) in self.conditions.items()]

    def queryset(self, request, queryset):
        """Return the transfers in that state; all of them for an unknown one."""
        return queryset.filter(*self.conditions.get(self.value(), ("", []))[1])


@admin.register(Virement)
class VirementAdmin(GrandeListe, Figee):
    """Every transfer of the batches; one that the bank sent back is said so here."""

    creation = "validation.change_virement"
    list_display = ["reference", "groupe", "prestataire", "aides", "montant", "lot", "paye_le", "etat"]
    list_filter = [FiltreDesVirements]
    list_select_related = ["groupe", "prestataire", "lot"]
    search_help_text = "Numéro de groupe, référence du virement, ou prestataire."
    colonne_du_numero = "groupe_id"
    recherche = (
        ("prestataire_id", Organisme.objects.nommes),
        ("pk", lambda mots: Virement.objects.filter(reference__in=mots)),
    )
    fields = readonly_fields = [
        "reference",
        "lot",
        "etat",
        "groupe",
        "prestataire",
        "compte",
        "aides",
        "montant",
        "paye_le",
        "historique",
    ]
    actes = (
        Acte(
            nom="rejeter",
            libelle="Rejeté par la banque…",
            texte=_avant_de_rejeter,
            fait="Le rejet est enregistré. Le prestataire est prévenu par e-mail.",
            formulaire=RejetForm,
            initial=lambda virement: {"rejete_le": aujourdhui()},
            propose=lambda virement: virement.lot.paye_le is not None and virement.rejet is None,
            operation=lambda request, virement, donnees: rejets.rejeter(
                virement=virement, **donnees, par=request.user, le=aujourdhui(), maintenant=maintenant()
            ),
        ),
        Acte(
            nom="annuler-rejet",
            libelle="Annuler le rejet…",
            texte=_avant_d_annuler_le_rejet,
            fait="Le rejet est annulé. Le prestataire est prévenu par e-mail.",
            formulaire=DefaireForm,
            propose=lambda virement: virement.rejet is not None,
            operation=lambda request, virement, donnees: rejets.annuler_rejet(
                virement=virement, **donnees, par=request.user, maintenant=maintenant()
            ),
        ),
    )

    def get_queryset(self, request):
        """Read the returns with the transfers, and leave the batches' files where they are."""
        return super().get_queryset(request).defer("lot__fichier").prefetch_related("rejets__constate_par")

    @admin.display(description="état")
    def etat(self, virement):
        if (rejet := virement.rejet) is not None:
            return f"Rejeté par la banque le {jour_mois_annee(rejet.rejete_le)}"
        return virement.lot.etat

    @admin.display(description="compte")
    def compte(self, virement):
        return f"{virement.titulaire}, {virement.iban_masque}"

    @admin.display(description="payé le")
    def paye_le(self, virement):
        return jour_mois_annee(virement.lot.paye_le) if virement.lot.paye_le else ""

    @admin.display(description="rejets")
    def historique(self, virement):
        """Draw what was recorded of the bank's returns, withdrawn ones too."""
        rejets_du_virement = virement.rejets.select_related("constate_par", "annule_par").order_by("pk")
        return render_to_string("admin/validation/_rejets.html", {"rejets": rejets_du_virement})


class FiltreDesVersements(admin.SimpleListFilter):
    """Where the money stands, in the words that both parties read."""

    title = "état"
    parameter_name = "etat"

    def lookups(self, request, model_admin):
        """Return what an aid that is due may be at."""
        return [(etat.value, etat.label) for etat in CONDITIONS]

    def queryset(self, request, queryset):
        """Return the aids at that point; all of them for an unknown one."""
        return queryset.filter(
            *(condition for etat, condition in CONDITIONS.items() if etat.value == self.value())
        )


@admin.register(Versement)
class VersementAdmin(GrandeListe, LectureAdmin):
    """Every aid that is due or paid."""

    list_display = ["numero", "groupe", "prestataire", "montant", "du_le", "reference", "paye_le"]
    list_filter = [FiltreDesVersements, "du_le"]
    list_select_related = ["groupe", "prestataire", "virement__lot"]
    search_help_text = "Numéro de groupe, référence du virement, ou prestataire."
    colonne_du_numero = "groupe_id"
    # The latest first: what is still to be paid stands there.
    ordering = ["-pk"]
    recherche = (
        ("prestataire_id", Organisme.objects.nommes),
        ("virement_id", lambda mots: Virement.objects.filter(reference__in=mots)),
    )
    fields = ["numero", "groupe", "prestataire", "montant", "du_le", "reference", "paye_le"]

    @admin.display(description="inscription n°", ordering="pk")
    def numero(self, versement):
        return versement.pk

    @admin.display(description="référence")
    def reference(self, versement):
        return versement.virement.reference if versement.virement else ""

    @admin.display(description="versé le", ordering="virement__lot__paye_le")
    def paye_le(self, versement):
        return versement.virement.lot.paye_le if versement.virement else None


@admin.register(CoordonneesBancaires)
class CoordonneesBancairesAdmin(Figee):
    """Where providers are paid, the IBAN masked: whole only in a batch's files.

    Each says so itself; ANCV writes it for one whose accounts are closed.
    """

    creation = "validation.change_coordonneesbancaires"
    list_display = fields = readonly_fields = ["prestataire", "titulaire", "iban_masque", "modifiees_le"]
    list_select_related = ["prestataire"]
    search_fields = ["prestataire__nom", "titulaire"]
    ajout = Acte(
        nom="ajouter",
        libelle="Indiquer l'IBAN d'un prestataire…",
        texte="Pour un prestataire dont les comptes sont fermés : les autres indiquent eux-mêmes leur IBAN. Les aides "
        "qui lui sont dues iront sur ce compte. L'ancien titulaire de la convention reçoit un e-mail avec le motif.",
        fait="L'IBAN est enregistré. L'ancien titulaire de la convention reçoit un e-mail.",
        formulaire=PremierCompteForm,
        operation=_enregistrer_a_la_place,
    )
    actes = (
        Acte(
            nom="changer",
            libelle="Changer l'IBAN…",
            texte="Les aides dues à ce prestataire, dont les comptes sont fermés, iront sur ce compte. Les lots déjà "
            "préparés gardent l'ancien. L'ancien titulaire de la convention reçoit un e-mail avec le motif.",
            fait="L'IBAN est enregistré. L'ancien titulaire de la convention reçoit un e-mail.",
            formulaire=CompteDuPrestataireForm,
            initial=lambda coordonnees: {"titulaire": coordonnees.titulaire},
            propose=lambda coordonnees: not operations.peut_ecrire_lui_meme(coordonnees.prestataire),
            operation=_enregistrer_a_la_place,
        ),
    )

    def has_add_permission(self, request):
        return request.user.has_perm("validation.add_coordonneesbancaires")

    @admin.display(description="IBAN")
    def iban_masque(self, coordonnees):
        return coordonnees.iban_masque


@admin.register(Lot.pgh_event_model)
class JournalDesLots(JournalAdmin):
    """Who made, paid, undid which batch (X3)."""

    nom = "journal des lots de versements"
    list_display = [
        "le",
        "acte",
        "par",
        "motif",
        "reference",
        "montant",
        "paye_le",
        "defait_le",
        "fichier_efface_le",
    ]
    search_fields = ["reference"]


@admin.register(CoordonneesBancaires.pgh_event_model)
class JournalDesCoordonnees(JournalAdmin):
    """Who changed where a provider is paid, and when (X3); the end of the IBAN only."""

    nom = "journal des coordonnées bancaires"
    list_display = ["le", "acte", "par", "motif", "prestataire", "titulaire", "fin"]
    list_select_related = ["prestataire"]
    search_fields = ["prestataire__nom", "titulaire"]
