"""Merging two rows of one person, and undoing it (I18): the registrations pass over, one aid a year stays (I9).

Lock order everywhere: groupes by key, seniors by key, the pair, credits by key. What would happen is shown first:
`prevoir`.
"""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.dateparse import parse_date

from conventions.models import Credit
from conventions.operations.credits import engager, liberer
from sejours.models import Groupe
from seniors import courriels
from seniors.models import Doublon, Fusion, Inscription, Senior
from seniors.operations.decisions import examiner, inscriptions_de
from seniors.operations.doublons import rouvrir
from seniors.operations.fiches import Fiche
from seniors.operations.files import servir_file
from seniors.regles.eligibilite import age_au, age_requis
from sev.socle.courriels import deposer
from sev.socle.journal import acte
from sev.socle.refus import RefusMetier, motif_exige
from sev.socle.texte import cle
from sev.socle.typographie import periode_longue

DEJA_AIDE = Inscription.SansAide.DEJA_AIDE
CREDITS_EPUISES = Inscription.SansAide.CREDITS_EPUISES

# What may be taken from the row that is absorbed; the postal address goes as one.
IDENTITE = ("civilite", "nom", "nom_naissance", "prenom", "date_naissance", "ville_naissance")
ADRESSE = ("adresse", "complement", "code_postal", "ville")
CHAMPS = (*IDENTITE, "email", "telephone", "contact_urgence", "adresse")


class FusionRefusee(RefusMetier):
    """The two rows can't be merged, or parted, now; the message says why and what to do first."""


@dataclass(frozen=True)
class Prevision:
    """What a merge would do: why it can't, in sentences, or the registrations that lose the second aid of a year."""

    refus: tuple[str, ...]
    reprises: tuple[Inscription, ...]


def prevoir(un: Senior, autre: Senior) -> Prevision:
    """Say what merging the two would undo, whichever is kept; nothing is locked, nothing written."""
    return _prevoir(_presentes(un, autre), un, autre)


@transaction.atomic
def fusionner(
    *,
    garder: Senior,
    absorber: Senior,
    par,
    motif: str,
    le: date,
    maintenant: datetime,
    prises: frozenset[str] = frozenset(),
) -> Fusion:
    """Make `absorber` a former spelling of `garder`: registrations pass over, the rules run again (I9, I11, I18).

    `prises` names the fields of CHAMPS whose value is taken from `absorber`. The later of two aids of a year is
    released, its porteur mailed, the queue served. Locks the groups of both, both persons, their pair, credits. Raises
    FusionRefusee: same list, stays that overlap, a second aid on a list already settled, a birth date that is too young
    for a list that isn't (I5), a pair that a colleague set aside.
    """
    motif = _motif(motif)
    with acte("fusion de deux fiches", par=par, motif=motif):
        groupes = _verrouiller_groupes(garder, absorber)
        garder, absorber = _verrouiller_personnes(garder, absorber)
        _inchanges(groupes, garder, absorber)
        _pas_ecartees(garder, absorber)
        presentes = _presentes(garder, absorber)
        prevision = _prevoir(presentes, garder, absorber)
        if prevision.refus:
            raise FusionRefusee(" ".join(prevision.refus))
        naissance = (absorber if "date_naissance" in prises else garder).date_naissance
        _verifier_les_ages(presentes, naissance)
        _reprendre(prevision.reprises, par=par, le=le, maintenant=maintenant)
        _ne_plus_attendre(presentes)
        deplacees = list(absorber.inscriptions.order_by("pk").values_list("pk", flat=True))
        absorber.inscriptions.update(senior=garder)
        fusion = Fusion.objects.create(
            gardee=garder,
            absorbee=absorber,
            motif=motif,
            faite_le=maintenant,
            faite_par=par,
            deplacees=deplacees,
            reprises=[i.pk for i in prevision.reprises],
            avant=_unir(garder, absorber, prises),
        )
        _clore_les_paires(fusion)
        _prevenir_et_servir(fusion, prevision.reprises, le=le)
    return fusion


@transaction.atomic
def defaire_fusion(*, fusion: Fusion, par, motif: str, le: date, maintenant: datetime) -> list[Inscription]:
    """Part two persons merged by mistake: each has the registrations and the names she had; return who gains an aid.

    What was registered since stays with the row that was kept. Registrations without aid because of the other's aid
    are decided again by the rules, credit permitting, on lists neither settled nor cancelled (I9). Locks as
    `fusionner` does. Raises FusionRefusee, also while somebody would stand too young on such a list (I5).
    """
    motif = _motif(motif)
    with acte("fusion défaite", par=par, motif=motif):
        groupes = _verrouiller_groupes(fusion.gardee, fusion.absorbee)
        gardee, absorbee = _verrouiller_deux(fusion.gardee, fusion.absorbee)
        _inchanges(groupes, gardee, absorbee)
        fusion = Fusion.objects.select_for_update(of=("self",)).get(pk=fusion.pk)
        _verifier_defaisable(fusion, gardee)
        absorbee.fusionne_dans = None
        absorbee.a_comparer = gardee.a_comparer = True
        _rendre(fusion, gardee, absorbee)
        gardee.inscriptions.filter(pk__in=fusion.deplacees).update(senior=absorbee)
        for rendue in (gardee, absorbee):
            _verifier_les_ages(
                [i for i in _presentes(gardee, absorbee) if i.senior_id == rendue.pk], rendue.date_naissance
            )
        fusion.defaite_le, fusion.defaite_par, fusion.motif_defaite = maintenant, par, motif
        fusion.save(update_fields=["defaite_le", "defaite_par", "motif_defaite"])
        rouvrir(Doublon.objects.de(gardee, absorbee))
        aidees = _redecider(gardee, absorbee, groupes, par=par, le=le, maintenant=maintenant)
        deposer(courriels.fusion_defaite(fusion, aidees))
    return aidees


# --- Locks ------------------------------------------------------------------------------------------------


def _motif(motif: str) -> str:
    return motif_exige(motif, FusionRefusee, "Dites pourquoi : un collègue le lira.")


def _cles_des_groupes(un: Senior, autre: Senior) -> set[int]:
    return set(Inscription.objects.filter(senior__in=[un.pk, autre.pk]).values_list("groupe", flat=True))


def _verrouiller_groupes(un: Senior, autre: Senior) -> dict[int, Groupe]:
    """Lock the lists that either stands on, removed or not, and return them with stay and tariff."""
    groupes = Groupe.objects.verrouiller().select_related("sejour__offre").tarifes()
    return {g.pk: g for g in groupes.filter(pk__in=_cles_des_groupes(un, autre)).order_by("pk")}


def _verrouiller_deux(un: Senior, autre: Senior) -> tuple[Senior, Senior]:
    if un.pk == autre.pk:
        raise FusionRefusee("Choisissez deux fiches différentes.")
    verrouillees = Senior.objects.verrouiller().filter(pk__in=[un.pk, autre.pk]).order_by("pk")
    par_cle = {senior.pk: senior for senior in verrouillees}
    return par_cle[un.pk], par_cle[autre.pk]


def _verrouiller_personnes(un: Senior, autre: Senior) -> tuple[Senior, Senior]:
    un, autre = _verrouiller_deux(un, autre)
    if not (un.en_usage and autre.en_usage):
        raise FusionRefusee("L'une de ces fiches a déjà été fusionnée ou effacée : relisez la page.")
    return un, autre


def _inchanges(groupes: dict[int, Groupe], un: Senior, autre: Senior) -> None:
    """Refuse when a list took one of the two while the locks were being taken: what was shown has changed."""
    if _cles_des_groupes(un, autre) != set(groupes):
        raise FusionRefusee(
            "L'une de ces personnes vient d'être inscrite. Relisez la page, puis recommencez."
        )


def _pas_ecartees(un: Senior, autre: Senior) -> None:
    """Lock the pair, and refuse what a colleague has said are two persons: that must be taken back first."""
    paire = Doublon.objects.de(un, autre).select_for_update(of=("self",)).first()
    if paire and paire.decision == Doublon.Decision.DIFFERENTES:
        raise FusionRefusee(
            "Un collègue a écrit que ce ne sont pas les mêmes personnes. Relisez la paire, et remettez-la d'abord "
            "parmi celles à décider."
        )


# --- What would happen ------------------------------------------------------------------------------------


def _presentes(un: Senior, autre: Senior) -> list[Inscription]:
    return list(
        Inscription.objects.presentes()
        .filter(senior__in=[un.pk, autre.pk])
        .select_related("groupe__porteur", "groupe__sejour__offre__equipement")
        .order_by("inscrite_le", "pk")
    )


def _prevoir(presentes: list[Inscription], un: Senior, autre: Senior) -> Prevision:
    de_l_un = [i for i in presentes if i.senior_id == un.pk]
    de_l_autre = [i for i in presentes if i.senior_id == autre.pk]
    refus = [phrase for a in de_l_un for b in de_l_autre if (phrase := _incompatibles(a, b))]
    # In the order of registration: of two aids of one year, the second is the one too many.
    reprises = [
        max(a, b, key=presentes.index)
        for a in de_l_un
        for b in de_l_autre
        if a.aidee and b.aidee and a.annee == b.annee
    ]
    refus += [_deja_soldee(i) for i in reprises if i.groupe.solde_le is not None]
    return Prevision(tuple(refus), tuple(reprises))


def _incompatibles(a: Inscription, b: Inscription) -> str:
    """Say why one person can't hold both registrations (I11); '' when she can."""
    if a.groupe_id == b.groupe_id:
        return (
            f"Les deux fiches sont sur la liste du groupe n° {a.groupe_id} : retirez d'abord l'une d'elles, "
            "ou dites que ce ne sont pas les mêmes personnes."
        )
    if a.debut < b.fin and b.debut < a.fin:
        return (
            f"Les séjours du groupe n° {a.groupe_id} ({periode_longue(a.debut, a.fin)}) et du groupe n° {b.groupe_id} "
            f"({periode_longue(b.debut, b.fin)}) se chevauchent : retirez d'abord la personne de l'une des listes."
        )
    return ""


def _verifier_les_ages(presentes: list[Inscription], naissance: date) -> None:
    """Refuse a birth date with which somebody is too young for one of these lists, less those settled (I5)."""
    for inscription in presentes:
        requis = age_requis(inscription.eligibilite, handicape=inscription.handicape)
        if inscription.groupe.solde_le is None and requis and age_au(naissance, inscription.debut) < requis:
            raise FusionRefusee(
                f"Née le {naissance:%d/%m/%Y}, cette personne n'aurait pas {requis} ans au départ du groupe "
                f"n° {inscription.groupe_id} ({periode_longue(inscription.debut, inscription.fin)}) : retirez-la "
                "d'abord de cette liste, ou gardez l'autre date de naissance.",
                champ="date_naissance",
            )


def _deja_soldee(inscription: Inscription) -> str:
    return (
        f"La seconde aide {inscription.annee}, groupe n° {inscription.groupe_id}, est sur une liste déjà soldée : elle "
        "ne se reprend plus ici. Réglez-la d'abord avec le porteur et le prestataire."
    )


# --- Aids -------------------------------------------------------------------------------------------------


def _verrouiller_les_credits(porteurs_et_annees: set[tuple[int, int]]) -> None:
    """Lock these credits by key: whoever pays a batch, or cancels a stay, takes several of them too."""
    visees = Q(pk__in=[])
    for porteur, annee in porteurs_et_annees:
        visees |= Q(convention=porteur, programme=annee)
    list(Credit.objects.select_for_update(no_key=True, of=("self",)).filter(visees).order_by("pk"))


def _reprendre(reprises: tuple[Inscription, ...], *, par, le: date, maintenant: datetime) -> None:
    """Release the second aids of a year; credits are locked in one order."""
    _verrouiller_les_credits({(i.groupe.porteur_id, i.annee) for i in reprises})
    for inscription in reprises:
        montant = inscription.aide
        inscription.motif_sans_aide, inscription.modifiee_le = DEJA_AIDE, maintenant
        Inscription.objects.filter(pk=inscription.pk).update(
            aide=None, motif_sans_aide=DEJA_AIDE, modifiee_le=maintenant
        )
        liberer(
            convention=inscription.groupe.porteur_id,
            annee=inscription.annee,
            montant=montant,
            inscription=inscription.pk,
            par=par,
            le=le,
            motif="fusion de deux fiches",
        )


def _ne_plus_attendre(presentes: list[Inscription]) -> None:
    """Those who wait for credit wait no longer in a year in which the person is aided elsewhere."""
    aidees = {i.annee for i in presentes if i.aidee}
    attendent = [
        i.pk for i in presentes if i.motif_sans_aide in Inscription.MOTIFS_DE_FILE and i.annee in aidees
    ]
    Inscription.objects.filter(pk__in=attendent).update(motif_sans_aide=DEJA_AIDE)


def _prevenir_et_servir(fusion: Fusion, reprises: tuple[Inscription, ...], *, le: date) -> None:
    for inscription in reprises:
        deposer(courriels.aide_reprise(fusion, inscription))
    for convention, annee in sorted({(i.groupe.porteur_id, i.annee) for i in reprises}):
        servir_file(convention=convention, annee=annee, le=le)


def _redecider(
    un: Senior, autre: Senior, groupes: dict[int, Groupe], *, par, le: date, maintenant: datetime
) -> list[Inscription]:
    """Decide again about those whom the other's aid deprived of one, the oldest first; return who gains it."""
    privees = Inscription.objects.presentes().filter(
        senior__in=[un.pk, autre.pk],
        motif_sans_aide=DEJA_AIDE,
        groupe__solde_le__isnull=True,
        groupe__annule_le__isnull=True,
    )
    privees = list(privees.select_related("senior").order_by("inscrite_le", "pk"))
    _verrouiller_les_credits({(groupes[i.groupe_id].porteur_id, i.annee) for i in privees})
    aidees = []
    for inscription in privees:
        groupe = inscription.groupe = groupes[inscription.groupe_id]
        decision = examiner(
            groupe=groupe,
            date_naissance=inscription.senior.date_naissance,
            fiche=Fiche.de(inscription),
            autres=inscriptions_de(inscription.senior, groupe, sauf=inscription.pk),
            inscription=inscription,
        )
        if decision.obstacles or decision.motif == DEJA_AIDE:
            continue
        inscription.aide, inscription.motif_sans_aide = decision.aide, decision.motif
        if decision.aide is not None and not _engager(inscription, par=par, le=le):
            inscription.aide, inscription.motif_sans_aide = None, CREDITS_EPUISES
        inscription.modifiee_le = maintenant
        inscription.save(update_fields=["aide", "motif_sans_aide", "modifiee_le"])
        if inscription.aidee:
            aidees.append(inscription)
    return aidees


def _engager(inscription: Inscription, *, par, le: date) -> int | None:
    return engager(
        convention=inscription.groupe.porteur_id,
        annee=inscription.annee,
        montant=inscription.aide,
        inscription=inscription.pk,
        par=par,
        le=le,
        motif="fusion défaite",
    )


# --- Identities -------------------------------------------------------------------------------------------


def _unir(garder: Senior, absorber: Senior, prises: frozenset[str]) -> dict:
    """Write the chosen values on `garder`, and return for each row what changed: field → [before, after].

    When every part of the other's identity is taken, the two rows exchange theirs: both spellings stay known.
    """
    noms = [nom for nom in CHAMPS if nom in prises and nom != "adresse"]
    noms += ADRESSE if "adresse" in prises else ()
    changements = {nom: (getattr(garder, nom), getattr(absorber, nom)) for nom in noms}
    changements = {nom: paire for nom, paire in changements.items() if paire[0] != paire[1]}
    avant = {"gardee": changements, "absorbee": {}}
    ancienne = garder.identite
    for nom, (_, apres) in changements.items():
        setattr(garder, nom, apres)
    if (
        garder.identite.cles() == absorber.identite.cles()
        and garder.date_naissance == absorber.date_naissance
    ):
        champs = ("nom", "prenom", "date_naissance", "ville_naissance")
        avant["absorbee"] = {nom: (getattr(absorber, nom), getattr(ancienne, nom)) for nom in champs}
        for nom in champs:
            setattr(absorber, nom, getattr(ancienne, nom))
    absorber.fusionne_dans, absorber.a_comparer, garder.a_comparer = garder, False, True
    _ecrire(garder, absorber)
    return avant


def _rendre(fusion: Fusion, gardee: Senior, absorbee: Senior) -> None:
    """Write back the values from before the merge, but those that somebody corrected since."""
    for senior, changements in ((gardee, fusion.avant["gardee"]), (absorbee, fusion.avant["absorbee"])):
        for nom, (avant, apres) in changements.items():
            if nom == "date_naissance":
                avant, apres = (v if isinstance(v, date) else parse_date(v) for v in (avant, apres))
            if getattr(senior, nom) == apres:
                setattr(senior, nom, avant)
    _ecrire(gardee, absorbee)


def _ecrire(*seniors: Senior) -> None:
    """Write the rows with the keys of their names; for an instant the second bears the key of nobody."""
    for senior in seniors:
        senior.cle_nom_naissance = cle(senior.nom_naissance)
        for nom, valeur in senior.identite.cles().items():
            setattr(senior, nom, valeur)
    Senior.objects.filter(pk=seniors[1].pk).update(cle_ville=f"FUSION{seniors[1].pk}")
    try:
        with transaction.atomic():
            for senior in seniors:
                senior.save()
    except IntegrityError as erreur:
        if "une_personne_par_identite" not in str(erreur):
            raise
        raise FusionRefusee(
            "Une troisième fiche porte déjà l'identité que vous avez composée : fusionnez d'abord avec elle, ou "
            "choisissez d'autres valeurs."
        ) from erreur


# --- Pairs ------------------------------------------------------------------------------------------------


def _clore_les_paires(fusion: Fusion) -> None:
    """Write the decision on the pair; what was said of the absorbed row against others holds for the kept one."""
    gardee, absorbee = fusion.gardee, fusion.absorbee
    Doublon.objects.de(gardee, absorbee).update(
        decision=Doublon.Decision.FUSION,
        motif=fusion.motif,
        decide_le=fusion.faite_le,
        decide_par=fusion.faite_par,
    )
    autres = Doublon.objects.filter(ancienne=absorbee) | Doublon.objects.filter(recente=absorbee)
    autres.filter(decision="").delete()
    heritees = []
    for paire in autres.filter(decision=Doublon.Decision.DIFFERENTES):
        tiers = paire.recente_id if paire.ancienne_id == absorbee.pk else paire.ancienne_id
        if tiers == gardee.pk:
            continue
        paire.pk, (paire.ancienne_id, paire.recente_id) = None, sorted((tiers, gardee.pk))
        heritees.append(paire)
    Doublon.objects.bulk_create(heritees, ignore_conflicts=True)


def _verifier_defaisable(fusion: Fusion, gardee: Senior) -> None:
    if fusion.defaite_le is not None:
        raise FusionRefusee("Cette fusion est déjà défaite.")
    if fusion.oubliee_le is not None:
        raise FusionRefusee("Les valeurs d'avant sont effacées : cette fusion ne se défait plus.")
    if not gardee.en_usage:
        raise FusionRefusee(
            "La fiche gardée a été fusionnée depuis avec une autre : défaites d'abord celle-là."
        )
