"""Accounts: activation of a convention, colleagues, passwords, e-mail addresses (C1-C4)."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction

from conventions import courriels
from conventions.models import Compte, Convention, EvenementSecurite, Organisme
from conventions.models.organismes import identifiant_normalise
from conventions.operations.credits import allouer
from sev.socle.courriels import deposer
from sev.socle.journal import acte
from sev.socle.models import Courriel
from sev.socle.refus import RefusMetier
from sev.socle.texte import sans_accent

DEMANDES_PAR_HEURE = 3
LIEN_VALABLE = timedelta(hours=24)


class CompteRefuse(RefusMetier):
    """The account can't be created or changed so; the message says why."""


@transaction.atomic
def activer(
    *, convention: Convention, annee: int, montant: Decimal, nom: str, email: str, par: Compte, le: date
) -> Compte:
    """Activate a convention: its holder's account, the year's credit when `montant` is above zero, the mail (C1).

    Locks the convention, then programme and credit. Raises CompteRefuse when it is active already or when a provider
    is given credit, CreditRefuse when the credit can't be allotted.
    """
    convention = (
        Convention.objects.select_for_update(no_key=True, of=("self",))
        .select_related("organisme")
        .get(pk=convention.pk)
    )
    if convention.activee_le:
        raise CompteRefuse(f"Cette convention est activée depuis le {convention.activee_le:%d/%m/%Y}.")
    if montant and convention.organisme.nature == Organisme.Nature.PRESTATAIRE:
        raise CompteRefuse("Un prestataire ne reçoit pas de crédits : écrivez 0.", champ="montant")
    with acte("convention activée", par=par):
        convention.activee_le = le
        convention.save(update_fields=["activee_le"])
        compte = _creer(
            identifiant=convention.numero,
            nom=nom,
            email=email,
            organisme=convention.organisme,
            titulaire=True,
        )
    dotation = None
    if montant:
        dotation = allouer(
            convention=convention, annee=annee, montant=montant, par=par, le=le, motif="activation"
        )
    deposer([courriels.activation(compte, dotation)])
    return compte


@transaction.atomic
def inviter(*, organisme: Organisme, nom: str, email: str, role: str, par: Compte) -> Compte:
    """Open an account for a colleague and mail the link to choose a password (C4). Locks convention, organisation.

    Raises CompteRefuse when this address already has an active account there, and once the convention is closed.
    """
    _refuser_si_close(organisme.pk)
    Organisme.objects.select_for_update(no_key=True).get(pk=organisme.pk)
    if Compte.objects.filter(organisme=organisme, is_active=True, email__iexact=email).exists():
        raise CompteRefuse("Cette adresse a déjà un compte dans votre organisation.", champ="email")
    with acte("utilisateur invité", par=par):
        compte = _creer(
            identifiant=_identifiant_libre(organisme, nom),
            nom=nom,
            email=email,
            organisme=organisme,
            role=role,
        )
    deposer([courriels.invitation(compte, par)])
    return compte


@transaction.atomic
def creer_agent(
    *,
    identifiant: str,
    nom: str,
    email: str,
    is_superuser: bool,
    par: Compte,
    maintenant: datetime,
    groups: Iterable[Group] = (),
) -> Compte:
    """Open an account for a member of ANCV's staff and mail the link. Raises CompteRefuse when the name is taken."""
    champs = {"identifiant": identifiant_normalise(identifiant), "nom": nom, "email": email}
    try:
        with transaction.atomic(), acte("membre de l'ANCV ajouté", par=par):
            compte = _creer(**champs, is_staff=True, is_superuser=is_superuser)
    except IntegrityError as erreur:
        if "conventions_compte_identifiant" not in str(erreur):
            raise
        raise CompteRefuse("Cet identifiant est déjà pris.", champ="identifiant") from erreur
    compte.groups.set(groups)
    _raconter_droits(compte, "aucun droit", par=par, maintenant=maintenant)
    deposer([courriels.invitation(compte, par)])
    return compte


@transaction.atomic
def accorder_droits(
    *, compte: Compte, is_superuser: bool, groups: Iterable[Group], par: Compte, maintenant: datetime
) -> Compte:
    """Give a member of staff these groups of rights, and those alone. Locks the administrators, then the account.

    Raises CompteRefuse for oneself, for somebody who isn't staff, and when no administrator would be left.
    """
    compte = _verrouiller_parmi_les_administrateurs(compte)
    if compte == par:
        raise CompteRefuse("Personne ne change ses propres droits : demandez à un autre administrateur.")
    if not compte.is_staff:
        raise CompteRefuse("Seuls les membres de l'ANCV ont des groupes de droits.")
    avant = _droits(compte)
    if compte.is_superuser and not is_superuser:
        _refuser_le_dernier(compte)
    with acte("droits changés", par=par):
        compte.is_superuser = is_superuser
        compte.save(update_fields=["is_superuser"])
    compte.groups.set(groups)
    _raconter_droits(compte, avant, par=par, maintenant=maintenant)
    return compte


@transaction.atomic
def modifier(*, compte: Compte, nom: str, role: str, par: Compte) -> Compte:
    """Change a colleague's name or role. Locks the account.

    Raises CompteRefuse for the holder's role, and for one's own.
    """
    compte = _verrouiller(compte)
    if role != compte.role:
        if compte.titulaire:
            raise CompteRefuse("Le titulaire de la convention est toujours gestionnaire.", champ="role")
        if compte == par:
            raise CompteRefuse("Vous ne pouvez pas changer votre propre rôle.", champ="role")
    with acte("utilisateur modifié", par=par):
        compte.nom, compte.role = nom, role
        compte.save(update_fields=["nom", "role"])
    return compte


@transaction.atomic
def desactiver(*, compte: Compte, par: Compte) -> Compte:
    """Close an account: its sessions end with its next page. Locks the administrators, then the account.

    Raises CompteRefuse for the holder, for oneself, for the last administrator, for an account that is closed already.
    """
    compte = _verrouiller_parmi_les_administrateurs(compte)
    if compte.titulaire:
        raise CompteRefuse("Le compte du titulaire ne se désactive pas. Écrivez à l'ANCV pour en changer.")
    if compte == par:
        raise CompteRefuse("Vous ne pouvez pas désactiver votre propre compte.")
    if not compte.is_active:
        raise CompteRefuse("Ce compte est déjà désactivé.")
    if compte.is_superuser:
        _refuser_le_dernier(compte)
    with acte("utilisateur désactivé", par=par):
        compte.is_active = False
        compte.save(update_fields=["is_active"])
    return compte


@transaction.atomic
def reactiver(*, compte: Compte, par: Compte) -> Compte:
    """Open a closed account again, with the password it had. Locks the convention, then the account.

    Raises CompteRefuse while it is open, and once the convention is closed.
    """
    if compte.organisme_id:
        _refuser_si_close(compte.organisme_id)
    compte = _verrouiller(compte)
    if compte.is_active:
        raise CompteRefuse("Ce compte est déjà actif.")
    with acte("utilisateur réactivé", par=par):
        compte.is_active = True
        compte.save(update_fields=["is_active"])
    return compte


@transaction.atomic
def nommer_titulaire(*, compte: Compte, par: Compte) -> Compte:
    """Make a colleague the holder, to whom the programme writes; the former holder stays gestionnaire.

    Locks the organisation's accounts. Raises CompteRefuse for a closed account, for staff, for the holder.
    """
    memes = Compte.objects.select_for_update(no_key=True).filter(organisme=compte.organisme_id).order_by("pk")
    compte = next((c for c in memes if c.pk == compte.pk and c.organisme_id), None)
    if compte is None or not compte.is_active:
        raise CompteRefuse("Seul un compte actif d'un organisme peut en être le titulaire.")
    if compte.titulaire:
        raise CompteRefuse("Ce compte est déjà celui du titulaire.")
    with acte("titulaire nommé", par=par):
        for ancien in memes:
            if ancien.titulaire:
                ancien.titulaire = False
                ancien.save(update_fields=["titulaire"])
        compte.titulaire, compte.role = True, Compte.Role.GESTIONNAIRE
        compte.save(update_fields=["titulaire", "role"])
    return compte


# --- Passwords ----------------------------------------------------------------------------------------------


@transaction.atomic
def demander_mot_de_passe(*, identifiant: str, maintenant: datetime) -> None:
    """Mail a link to the account that bears this number, at most three in an hour (C2).

    Nothing tells an unknown number: neither the answer nor, the letter being written either way, the time it takes.
    """
    compte = (
        Compte.objects.select_for_update(no_key=True)
        .filter(identifiant=identifiant_normalise(identifiant), is_active=True)
        .first()
    )
    personne = Compte(pk=0, identifiant=identifiant, nom="", email="personne@exemple.invalid")
    lettre = courriels.mot_de_passe(compte or personne)
    demandes = _demandes(courriels.MOT_DE_PASSE, compte or personne, depuis=maintenant - timedelta(hours=1))
    if demandes.count() < DEMANDES_PAR_HEURE and compte:
        deposer([lettre])


@transaction.atomic
def choisir_mot_de_passe(*, compte: Compte, mot_de_passe: str) -> Compte:
    """Set the password of `compte`: its other sessions end, the links already mailed are void."""
    compte = _verrouiller(compte)
    compte.set_password(mot_de_passe)
    compte.save(update_fields=["password"])
    return compte


# --- E-mail addresses -----------------------------------------------------------------------------------------


@transaction.atomic
def demander_adresse(*, compte: Compte, adresse: str, maintenant: datetime) -> None:
    """Mail a link to the new address, which counts once confirmed (C3). Locks the account.

    Raises CompteRefuse after three requests in an hour.
    """
    compte = _verrouiller(compte)
    demandes = _demandes(courriels.ADRESSE_DEMANDEE, compte, depuis=maintenant - timedelta(hours=1))
    if demandes.count() >= DEMANDES_PAR_HEURE:
        raise CompteRefuse("Trop de changements d'adresse demandés. Réessayez dans une heure.", champ="email")
    deposer([courriels.adresse_demandee(compte, adresse)])


def adresse_a_confirmer(*, compte: Compte, demande: str, maintenant: datetime) -> str | None:
    """Return the address that `demande` asks for: the latest request of the account, unused, of the last 24 hours."""
    derniere = (
        _demandes(courriels.ADRESSE_DEMANDEE, compte, depuis=maintenant - LIEN_VALABLE)
        .order_by("-pk")
        .first()
    )
    if derniere is None or derniere.cause != f"{courriels.ADRESSE_DEMANDEE}:{compte.pk}:{demande}":
        return None
    utilisee = Courriel.objects.filter(cause=f"{courriels.ADRESSE_CHANGEE}:{compte.pk}:{demande}").exists()
    return None if utilisee else derniere.destinataire


@transaction.atomic
def confirmer_adresse(*, compte: Compte, demande: str, maintenant: datetime) -> Compte:
    """Make the address asked for by `demande` the account's, and tell the old one. Locks the account.

    Raises CompteRefuse when the link is used, old, or followed by another request.
    """
    compte = _verrouiller(compte)
    adresse = adresse_a_confirmer(compte=compte, demande=demande, maintenant=maintenant)
    if adresse is None:
        raise CompteRefuse("Ce lien n'est plus valable. Demandez de nouveau le changement d'adresse.")
    return _changer_adresse(compte, adresse, demande, par=compte)


@transaction.atomic
def corriger_adresse(*, compte: Compte, adresse: str, par: Compte, maintenant: datetime) -> Compte:
    """Change the address of an account whose mailbox is lost, at ANCV (manual); both mailboxes are told."""
    demande = f"ancv-{maintenant.timestamp()}"
    compte = _changer_adresse(_verrouiller(compte), adresse, demande, par=par)
    deposer([courriels.adresse_corrigee(compte, demande)])
    return compte


def _changer_adresse(compte: Compte, adresse: str, demande: str, *, par: Compte) -> Compte:
    ancienne, compte.email = compte.email, adresse
    with acte("adresse e-mail changée", par=par):
        compte.save(update_fields=["email"])
    deposer([courriels.adresse_changee(compte, ancienne, demande)])
    return compte


# --- Parts ------------------------------------------------------------------------------------------------------


def _verrouiller(compte: Compte) -> Compte:
    return (
        Compte.objects.select_for_update(no_key=True, of=("self",))
        .select_related("organisme")
        .get(pk=compte.pk)
    )


def _refuser_si_close(convention: int) -> None:
    """Lock the convention: whoever closes it shuts its accounts, and none is opened behind that."""
    close_le = Convention.objects.select_for_update(no_key=True).values_list("close_le", flat=True)
    if jour := close_le.filter(pk=convention).first():
        raise CompteRefuse(f"Cette convention est close depuis le {jour:%d/%m/%Y} : rouvrez-la d'abord.")


def _verrouiller_parmi_les_administrateurs(compte: Compte) -> Compte:
    """Lock `compte` after every administrator: two of them who close each other go one after the other."""
    if compte.is_staff:
        list(_administrateurs().select_for_update(no_key=True).order_by("pk"))
    return _verrouiller(compte)


def _administrateurs():
    return Compte.objects.filter(is_superuser=True, is_active=True)


def _refuser_le_dernier(compte: Compte) -> None:
    if not _administrateurs().exclude(pk=compte.pk).exists():
        raise CompteRefuse("C'est le dernier administrateur : nommez-en d'abord un autre.")


def _droits(compte: Compte) -> str:
    """Return the rights of a member of staff, in words."""
    noms = ["administrateur"] if compte.is_superuser else []
    return ", ".join(noms + sorted(compte.groups.values_list("name", flat=True))) or "aucun droit"


def _raconter_droits(compte: Compte, avant: str, *, par: Compte, maintenant: datetime) -> None:
    apres = _droits(compte)
    if apres != avant:
        EvenementSecurite.objects.create(
            nature=EvenementSecurite.Nature.DROITS,
            compte=compte,
            par=par,
            detail=f"{avant} devient {apres}",
            le=maintenant,
        )


def _creer(**champs) -> Compte:
    """Create an account that nobody can open before its link was used."""
    compte = Compte(**champs)
    compte.set_unusable_password()
    compte.save(force_insert=True)
    return compte


def _identifiant_libre(organisme: Organisme, nom: str) -> str:
    """Return `<numero>-<first name>`, with a number when a namesake has it; the organisation is locked."""
    mots = (
        "".join(c if c.isalnum() else " " for c in sans_accent(nom).lower())
        .encode("ascii", "ignore")
        .decode()
    )
    prenom = (mots.split() or ["utilisateur"])[0][:30]
    base = f"{organisme.convention.numero}-{prenom}"
    pris = set(Compte.objects.filter(identifiant__startswith=base).values_list("identifiant", flat=True))
    rang, identifiant = 1, base
    while identifiant in pris:
        rang += 1
        identifiant = f"{base}{rang}"
    return identifiant


def _demandes(genre: str, compte: Compte, *, depuis: datetime):
    """Return the mails of one kind written to `compte` since then: they are what a limit per hour counts."""
    return Courriel.objects.filter(cause__startswith=f"{genre}:{compte.pk}:", cree_le__gt=depuis)
