"""The rights of ANCV's staff: given by somebody else, told for ever; one administrator always stays."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, OperationalError, connection, transaction
from django.urls import reverse

from conventions.models import Compte, EvenementSecurite
from conventions.operations import comptes
from conventions.tests.factories import CompteFactory, connecter
from sev.socle.temps import maintenant


@pytest.fixture
def paul(db):
    return CompteFactory(ancv=True, is_superuser=False, nom="Paul AGENT")


def accorder(compte, par, *, is_superuser=False, groups=()):
    return comptes.accorder_droits(
        compte=compte,
        is_superuser=is_superuser,
        groups=Group.objects.filter(name__in=groups),
        par=par,
        maintenant=maintenant(),
    )


def test_an_administrator_chooses_a_colleague_s_groups_and_the_journal_tells_it(client, paul):
    ancv = CompteFactory(ancv=True)
    connecter(client, ancv)
    adresse = reverse("admin:conventions_compte_droits", args=[paul.pk])
    groupes = Group.objects.filter(name__in=("gestion", "finances"))
    assert client.post(adresse, {"groups": [g.pk for g in groupes]}).status_code == 302
    assert set(paul.groups.values_list("name", flat=True)) == {"gestion", "finances"}
    accorder(paul, ancv, is_superuser=True)
    accorder(paul, ancv, is_superuser=True)
    assert list(EvenementSecurite.objects.order_by("pk").values_list("detail", "par")) == [
        ("aucun droit devient finances, gestion", ancv.pk),
        ("finances, gestion devient administrateur", ancv.pk),
    ]


def test_a_new_colleague_is_invited_with_rights(client, db):
    connecter(client, CompteFactory(ancv=True))
    lecture = Group.objects.get(name="lecture")
    donnees = {"identifiant": "ANCV Lise", "nom": "Lise", "email": "l@ancv.fr", "groups": [lecture.pk]}
    assert client.post(reverse("admin:conventions_compte_add"), donnees).status_code == 302
    lise = Compte.objects.get(identifiant="ancvlise")
    assert (lise.is_superuser, list(lise.groups.all())) == (False, [lecture])
    assert EvenementSecurite.objects.get().detail == "aucun droit devient lecture"


def test_nobody_changes_their_own_rights(db):
    ancv, autre = CompteFactory(ancv=True), CompteFactory(ancv=True)
    with pytest.raises(comptes.CompteRefuse, match="ses propres droits"):
        accorder(ancv, ancv, is_superuser=True, groups=("gestion",))
    assert accorder(autre, ancv).is_superuser is False


def test_a_porteur_has_no_group_of_rights(db):
    with pytest.raises(comptes.CompteRefuse, match=r"Seuls les membres de l'ANCV"):
        accorder(CompteFactory(), CompteFactory(ancv=True), groups=("gestion",))


def test_the_last_administrator_stays(db):
    dernier, ancien = CompteFactory(ancv=True), CompteFactory(ancv=True, is_active=False)
    for refuser in (
        lambda: accorder(dernier, ancien),
        lambda: comptes.desactiver(compte=dernier, par=ancien),
    ):
        with pytest.raises(comptes.CompteRefuse, match="dernier administrateur"):
            refuser()
    comptes.reactiver(compte=ancien, par=dernier)
    comptes.desactiver(compte=dernier, par=ancien)
    assert list(Compte.objects.filter(is_superuser=True, is_active=True)) == [ancien]


@pytest.mark.django_db
@pytest.mark.parametrize("combien", [1, 20])
def test_the_journal_of_security_costs_the_same_whatever_its_length(
    client, combien, django_assert_num_queries
):
    ancv = CompteFactory(ancv=True)
    connecter(client, ancv)
    for _ in range(combien):
        accorder(CompteFactory(ancv=True), ancv)
    with django_assert_num_queries(6):
        assert client.get(reverse("admin:conventions_evenementsecurite_changelist")).status_code == 200


def test_the_database_itself_keeps_one_administrator(db):
    ancv = CompteFactory(ancv=True)
    for changement in ({"is_active": False}, {"is_superuser": False}):
        with pytest.raises(IntegrityError, match="the last administrator stays"), transaction.atomic():
            Compte.objects.filter(pk=ancv.pk).update(**changement)
    with pytest.raises(IntegrityError, match="the last administrator stays"), transaction.atomic():
        Compte.objects.filter(pk=ancv.pk).delete()
    CompteFactory(ancv=True)
    assert Compte.objects.filter(pk=ancv.pk).update(is_active=False) == 1


# --- Two administrators who close each other at once ----------------------------------------------------------------


def duel(fermer) -> tuple[int, list[str]]:
    """Two administrators close each other at the same instant; return how many are left, and what was raised."""
    deux = [CompteFactory(ancv=True), CompteFactory(ancv=True)]
    Compte.objects.filter(is_superuser=True).exclude(pk__in=[c.pk for c in deux]).update(is_superuser=False)
    depart, levees = Barrier(2), []

    def frapper(cible, par):
        try:
            connection.ensure_connection()
            depart.wait(120)
            fermer(cible, par)
        except (comptes.CompteRefuse, OperationalError, IntegrityError) as erreur:
            levees.append(type(erreur).__name__)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as fils:
        list(fils.map(frapper, deux, reversed(deux)))
    return Compte.objects.filter(is_superuser=True, is_active=True).count(), levees


def ecritures():
    """Close an account as an operation without its lock would: both have looked before either writes."""
    vus = Barrier(2)

    def ecrire(cible, par):
        with transaction.atomic():
            reste = Compte.objects.filter(is_superuser=True, is_active=True).exclude(pk=cible.pk).exists()
            vus.wait(120)
            if reste:
                Compte.objects.filter(pk=cible.pk).update(is_active=False)

    return ecrire


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_close_each_other_leave_one():
    for _ in range(5):
        assert duel(lambda cible, par: comptes.desactiver(compte=cible, par=par)) == (1, ["CompteRefuse"])
        assert duel(lambda cible, par: accorder(cible, par)) == (1, ["CompteRefuse"])


@pytest.mark.django_db(transaction=True)
def test_without_the_operation_s_lock_the_database_still_keeps_one():
    restent, levees = duel(ecritures())
    assert (restent, len(levees)) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_without_lock_nor_trigger_both_are_gone():
    """The control: what the two others hold back does happen."""
    with connection.cursor() as curseur:
        curseur.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = 'conventions_compte'::regclass"
            " AND tgname LIKE '%un_administrateur_reste%'"
        )
        [[nom]] = curseur.fetchall()
        curseur.execute(f'ALTER TABLE conventions_compte DISABLE TRIGGER "{nom}"')
    try:
        assert duel(ecritures()) == (0, [])
    finally:
        with connection.cursor() as curseur:
            curseur.execute(f'ALTER TABLE conventions_compte ENABLE TRIGGER "{nom}"')
