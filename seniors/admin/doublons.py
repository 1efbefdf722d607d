"""ANCV's pages about probable doubles (I18): the two side by side, the merge, its undoing."""

from django import forms
from django.contrib import admin

from conventions.admin.fiches import Acte
from sejours.admin import Figee
from seniors.models import Doublon, Fusion, Inscription, Senior
from seniors.operations.doublons import ecarter, reproposer
from seniors.operations.fusions import ADRESSE, CHAMPS, FusionRefusee, defaire_fusion, fusionner, prevoir
from sev.socle.admin import JournalAdmin, Rempli
from sev.socle.lectures import noter
from sev.socle.saisie import MotifField
from sev.socle.temps import aujourdhui, maintenant
from sev.socle.typographie import euros, periode_longue, pour_cent

# --- Comparing --------------------------------------------------------------------------------------------


def valeur(senior: Senior, champ: str) -> str:
    """Return what `senior` says of a field, as people write it; the postal address is one."""
    if champ == "adresse":
        return ", ".join(filter(None, (getattr(senior, nom) for nom in ADRESSE)))
    if champ == "date_naissance":
        return f"{senior.date_naissance:%d/%m/%Y}"
    return senior.get_civilite_display() if champ == "civilite" else getattr(senior, champ)


def libelle(champ: str) -> str:
    """Return the name of a field."""
    return Senior._meta.get_field(champ).verbose_name


def comparaison(doublon: Doublon) -> dict:
    """Return the two persons side by side: each field with whether it differs, the stays, the aids by year."""
    paire = (doublon.ancienne, doublon.recente)
    lignes = [(libelle(champ), [valeur(s, champ) for s in paire]) for champ in CHAMPS]
    inscriptions = Inscription.objects.filter(senior__in=paire).select_related(
        "groupe__porteur", "groupe__sejour__offre__equipement"
    )
    par_personne = {senior.pk: [] for senior in paire}
    for inscription in inscriptions.order_by("-debut", "-pk"):
        par_personne[inscription.senior_id].append(inscription)
    return {
        "personnes": paire,
        "lignes": [(nom, valeurs, valeurs[0] != valeurs[1]) for nom, valeurs in lignes],
        "sejours": [[_phrase(i) for i in par_personne[s.pk]] for s in paire],
        "aides": [
            [f"{i.annee} : {euros(i.aide)}" for i in par_personne[s.pk] if i.aide is not None] for s in paire
        ],
    }


def _phrase(inscription: Inscription) -> str:
    equipement = inscription.groupe.sejour.offre.equipement
    suite = ", retirée de la liste" if inscription.effacee_le else ""
    return (
        f"{periode_longue(inscription.debut, inscription.fin)}, groupe n° {inscription.groupe_id}, "
        f"{inscription.groupe.porteur} : {equipement}, {equipement.ville} "
        f"({inscription.get_eligibilite_display()}{suite})"
    )


# --- Forms ------------------------------------------------------------------------------------------------


class MotifForm(forms.Form):
    """Why a decision is taken."""

    motif = MotifField("Un collègue le lira. N'y écrivez ni nom, ni santé, ni revenu.")


class FusionForm(MotifForm):
    """Which of the two rows is kept, and for each field that differs, whose value."""

    def __init__(self, *args, doublon, **kwargs):
        super().__init__(*args, **kwargs)
        cotes = (("ancienne", doublon.ancienne), ("recente", doublon.recente))
        self._choix("garder", "Fiche à garder", [(cote, f"n° {s.pk}, {s}") for cote, s in cotes], "ancienne")
        for champ in CHAMPS:
            valeurs = [valeur(s, champ) for _, s in cotes]
            if valeurs[0] != valeurs[1]:
                choix = [(cote, dite or "(rien)") for (cote, _), dite in zip(cotes, valeurs, strict=True)]
                # What one of them alone says is kept.
                self._choix(
                    champ, libelle(champ).capitalize(), choix, "ancienne" if valeurs[0] else "recente"
                )
        self.order_fields(["garder", *CHAMPS, "motif"])

    def _choix(self, nom, titre, choix, initial):
        self.fields[nom] = forms.ChoiceField(
            label=titre, choices=choix, initial=initial, widget=forms.RadioSelect
        )


def _roles(doublon: Doublon, donnees: dict) -> dict:
    """Return whom to keep, whom to absorb, what to take from the latter, and why."""
    garder = donnees["garder"]
    gardee, absorbee = (doublon.ancienne, doublon.recente)[:: 1 if garder == "ancienne" else -1]
    prises = frozenset(champ for champ in CHAMPS if donnees.get(champ, garder) != garder)
    return {"garder": gardee, "absorber": absorbee, "prises": prises, "motif": donnees["motif"]}


# --- Acts -------------------------------------------------------------------------------------------------


def _annonce_de_fusion(doublon: Doublon) -> str:
    prevision = prevoir(doublon.ancienne, doublon.recente)
    if prevision.refus:
        return "Cette fusion n'est pas possible pour l'instant. " + " ".join(prevision.refus)
    aides = [
        f"La seconde aide {i.annee} ({euros(i.aide)}, groupe n° {i.groupe_id}, {i.groupe.porteur}) revient aux crédits "
        "de ce porteur, qui est prévenu par e-mail ; la personne reste inscrite et paie le prix entier."
        for i in prevision.reprises
    ]
    return " ".join(
        [
            "Les inscriptions des deux fiches passent sur celle que vous gardez. L'autre reste comme ancienne "
            "orthographe : qui la cherche trouve la bonne fiche. Choisissez, champ par champ, la valeur à garder.",
            *(aides or ["Aucune aide ne change."]),
            "Une fusion peut se défaire.",
        ]
    )


ANNONCE_DEFAIRE = (
    "Chaque fiche retrouve son nom et ses inscriptions d'avant. Ce qui a été inscrit depuis reste à la fiche gardée. "
    "Les inscriptions sans aide pour « déjà aidé dans l'année » sont réexaminées selon les règles d'aujourd'hui, dans "
    "la limite des crédits, sauf sur les listes soldées ou annulées : une aide reprise n'est donc pas toujours rendue. "
    "Les porteurs qui gagnent une aide sont prévenus par e-mail."
)


def _fusion_de(doublon: Doublon) -> Fusion | None:
    paire = [doublon.ancienne_id, doublon.recente_id]
    return Fusion.objects.filter(gardee__in=paire, absorbee__in=paire, defaite_le=None).first()


def _defaire_la_paire(request, doublon: Doublon, donnees: dict) -> None:
    fusion = _fusion_de(doublon)
    if fusion is None:
        raise FusionRefusee("Ces deux fiches ne sont pas fusionnées : il n'y a rien à défaire.")
    _defaire(request, fusion, donnees)


def _defaire(request, fusion: Fusion, donnees: dict) -> None:
    defaire_fusion(fusion=fusion, **donnees, par=request.user, le=aujourdhui(), maintenant=maintenant())


FUSIONNER = Acte(
    nom="fusionner",
    libelle="Fusionner…",
    texte=_annonce_de_fusion,
    fait="Les deux fiches n'en font plus qu'une.",
    formulaire=FusionForm,
    options=lambda doublon: {"doublon": doublon},
    propose=lambda doublon: not doublon.decision,
    operation=lambda request, doublon, donnees: fusionner(
        **_roles(doublon, donnees), par=request.user, le=aujourdhui(), maintenant=maintenant()
    ),
)
ECARTER = Acte(
    nom="ecarter",
    libelle="Ce ne sont pas les mêmes personnes…",
    texte="Les deux fiches restent comme elles sont, et cette paire ne sera plus proposée.",
    fait="C'est noté : cette paire ne sera plus proposée.",
    formulaire=MotifForm,
    propose=lambda doublon: not doublon.decision,
    operation=lambda request, doublon, donnees: ecarter(
        doublon=doublon, **donnees, par=request.user, maintenant=maintenant()
    ),
)
REPROPOSER = Acte(
    nom="reproposer",
    libelle="Revoir cette paire…",
    texte="La paire revient parmi celles à décider.",
    fait="La paire est de nouveau à décider.",
    formulaire=MotifForm,
    propose=lambda doublon: doublon.decision == Doublon.Decision.DIFFERENTES,
    operation=lambda request, doublon, donnees: reproposer(doublon=doublon, **donnees, par=request.user),
)
DEFAIRE_LA_PAIRE = Acte(
    nom="defaire",
    libelle="Défaire la fusion…",
    texte=ANNONCE_DEFAIRE,
    fait="Les deux fiches sont de nouveau séparées.",
    formulaire=MotifForm,
    propose=lambda doublon: _fusion_de(doublon) is not None,
    operation=_defaire_la_paire,
)
DEFAIRE = Acte(
    nom="defaire",
    libelle="Défaire la fusion…",
    texte=ANNONCE_DEFAIRE,
    fait="Les deux fiches sont de nouveau séparées.",
    formulaire=MotifForm,
    propose=lambda fusion: fusion.defaite_le is None and fusion.oubliee_le is None,
    operation=_defaire,
)


# --- Pages ------------------------------------------------------------------------------------------------


class ParDecision(admin.ChoicesFieldListFilter):
    """What was decided, or nothing yet."""

    def choices(self, changelist):
        """Return all, those to decide, then each decision."""
        tout, *decisions = super().choices(changelist)
        yield tout
        yield {
            "selected": self.lookup_val == [""],
            "query_string": changelist.get_query_string({self.lookup_kwarg: ""}, [self.lookup_kwarg_isnull]),
            "display": "À décider",
        }
        yield from decisions


@admin.register(Doublon)
class DoublonAdmin(Figee):
    """Pairs that look like one person, those to decide first, the oldest first; a page compares the two."""

    creation = "seniors.change_doublon"
    change_form_template = "admin/seniors/doublon.html"
    list_display = ["paire", "naissance", "raison", "ressemblent", "trouve_le", "decision", "decide_par"]
    list_filter = [("decision", ParDecision), "raison", ("trouve_le", admin.DateFieldListFilter)]
    list_select_related = ["ancienne", "recente", "decide_par"]
    search_fields = ["=ancienne__pk", "=recente__pk", "ancienne__nom", "recente__nom"]
    search_help_text = "Numéro de fiche ou nom."
    vide = "Aucun doublon probable. Les fiches sont comparées chaque nuit."
    ordering = ["decision", "trouve_le", "pk"]
    fields = ["raison", "ressemblent", "trouve_le", "decision", "decide_le", "decide_par", "motif"]
    actes = (FUSIONNER, ECARTER, REPROPOSER, DEFAIRE_LA_PAIRE)
    lue_comme = "doublon"

    @admin.display(description="fiches", ordering="ancienne__cle_nom")
    def paire(self, doublon):
        return f"n° {doublon.ancienne_id} {doublon.ancienne} / n° {doublon.recente_id} {doublon.recente}"

    @admin.display(description="ressemblance", ordering="ressemblance")
    def ressemblent(self, doublon):
        return pour_cent(doublon.ressemblance)

    @admin.display(description="nées le", ordering="ancienne__date_naissance")
    def naissance(self, doublon):
        jours = {doublon.ancienne.date_naissance, doublon.recente.date_naissance}
        return " / ".join(f"{jour:%d/%m/%Y}" for jour in sorted(jours))

    def get_object(self, request, object_id, from_field=None):
        """Return the pair with both persons, in one query; None when there is no such key."""
        if not (str(object_id).isdecimal() and len(str(object_id)) < 19):
            return None
        return self.get_queryset(request).select_related("ancienne", "recente").filter(pk=object_id).first()

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """Add the two persons side by side."""
        doublon = self.get_object(request, object_id)
        cote_a_cote = {"comparaison": comparaison(doublon)} if doublon else {}
        return super().change_view(request, object_id, form_url, cote_a_cote | (extra_context or {}))

    def executer(self, request, un_acte, objet=None):
        """Note that the page of the merge is read too: it says addresses and e-mails (X2)."""
        if un_acte is FUSIONNER:
            noter(quoi="doublon", cle=objet.pk, par=request.user)
        return super().executer(request, un_acte, objet)


@admin.register(Fusion)
class FusionAdmin(Figee):
    """Merges, the last first; each may be undone as long as the values from before are kept."""

    creation = "seniors.change_fusion"
    list_display = ["gardee", "absorbee_numero", "faite_le", "faite_par", "motif", "defaite_le"]
    list_filter = [("defaite_le", Rempli), ("faite_le", admin.DateFieldListFilter)]
    list_select_related = ["gardee", "faite_par"]
    search_fields = ["=gardee__pk", "=absorbee__pk", "gardee__nom"]
    actes = (DEFAIRE,)

    @admin.display(description="fiche absorbée", ordering="absorbee")
    def absorbee_numero(self, fusion):
        return f"n° {fusion.absorbee_id}"


@admin.register(Doublon.pgh_event_model)
class JournalDesDoublons(JournalAdmin):
    """Who decided what of which pair."""

    nom = "journal des doublons"
    list_display = ["le", "acte", "par", "motif", "ancienne_id", "recente_id", "decision"]
    search_fields = ["=ancienne__pk", "=recente__pk"]
