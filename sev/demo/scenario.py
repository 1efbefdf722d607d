"""The demo's situations, whatever the day: each act is an operation, done on the day it would have been done.

A stay counts for the year it starts in (P4). In late December what is open or about to start belongs to next year, in
early January what has just ended belongs to last year: each year that a stay falls in has its programme, and the
porteurs have their credit there too.
"""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction

from conventions.models import Compte, Convention, Fermeture, Organisme, Programme, Tarif
from conventions.operations import comptes
from conventions.operations.credits import allouer
from conventions.operations.organismes import departement
from sejours.models import Equipement, Groupe, Offre, Sejour
from sejours.operations.groupes import preinscrire, verrouiller_listes
from sejours.operations.offres import creer_offre, publier_sejour
from sejours.regles import DELAI_VERROUILLAGE, fin_du_sejour
from seniors.models import Inscription
from seniors.models.seniors import Identite
from seniors.operations.fiches import Fiche
from seniors.operations.inscriptions import corriger, inscrire
from sev.demo import personnes, saison
from sev.demo.personnes import Personne
from sev.socle.journal import acte
from validation.operations.validations import confirmer, valider
from validation.operations.versements import creer_lot, enregistrer_coordonnees, marquer_paye

PARIS = ZoneInfo("Europe/Paris")
UN_JOUR = timedelta(1)
MOT_DE_PASSE = "Vacances-2026!"
COMPTES = (
    ("ancv2528", "porteur de projet, 1 500 € cette année"),
    ("ancv2528-lecteur", "sa collègue, qui ne fait que lire"),
    ("ancv1654", "un autre porteur, ASSOCIATION VOYAGES, 640 € épuisés"),
    ("ancv3107", "un troisième porteur, la liste du manuel à confirmer"),
    ("presta34", "prestataire, ACTIF RESIDENCE"),
    ("presta17", "un autre prestataire"),
    ("ancv", "l'ANCV, à l'adresse /admin/"),
)

ENVELOPPE = Decimal(9_000_000)
# (days, price, aid) of the manual, in euros: the demo's own tariff.
TARIFS = ((8, Decimal(410), Decimal(160)), (5, Decimal(343), Decimal(150)))
DOTATIONS = {"ancv2528": Decimal(1500), "ancv1654": Decimal(640), "ancv3107": Decimal(2400)}
# Made up, with a key that holds.
IBANS = {"presta34": "FR7630001007941234567890185", "presta17": "FR7630004000031234567890143"}
DOTATIONS_DE_L_AN_DERNIER = {"ancv2528": Decimal(1600), "ancv1654": Decimal(800), "ancv3107": Decimal(2400)}


class BaseDejaServie(Exception):
    """The database holds organisations that are not the demo's: its well-known password has no place there."""


@transaction.atomic
def charger(*, le: date, maintenant: datetime) -> bool:
    """Load the demo as of `le`; return False when it is there already. Raises BaseDejaServie on other people's data."""
    if Convention.objects.filter(numero="ancv2528").exists():
        return False
    if Organisme.objects.exists():
        raise BaseDejaServie("This database holds other organisations than the demo's: it is left as it is.")
    Demo(le).jouer(maintenant)
    return True


# --- Dates ----------------------------------------------------------------------------------------------------


def saison_fermee(annee: int) -> tuple[date, date]:
    """Return the closed season of a year, as in recent programmes."""
    return date(annee, 7, 15), date(annee, 8, 23)


def touche_la_saison(debut: date, fin: date) -> bool:
    """Tell whether a stay would touch the closed season."""
    ferme, rouvre = saison_fermee(debut.year)
    return debut <= rouvre and ferme <= fin


def fermeture_possible(annee: int, sejours: list[tuple[date, date]]) -> tuple[date, date] | None:
    """Return the longest part of the closed season that touches none of `sejours`, None when there is none.

    « Closing today » departs in 17 days, even when these fall in July: then the demo's closed season is shorter.
    """
    ferme, rouvre = saison_fermee(annee)
    parties, debut = [], ferme
    for du, au in sorted(sejours):
        parties.append((debut, min(du - UN_JOUR, rouvre)))
        debut = max(debut, au + UN_JOUR)
    parties.append((debut, rouvre))
    longue = max(parties, key=lambda partie: partie[1] - partie[0])
    return longue if longue[0] <= longue[1] else None


def samedis(le: date, *, dans: int) -> list[date]:
    """Return the Saturdays of departure of the half-year that starts `dans` days ahead, outside the closed season."""
    jours = (le + timedelta(n) for n in range(dans, dans + 180))
    return [j for j in jours if j.weekday() == 5 and not touche_la_saison(j, fin_du_sejour(j, 8))]


def samedi_ouvert(le: date, *, dans: int) -> date:
    """Return a Saturday of departure at least `dans` days ahead, in this year if it can be, whose list is open on `le`.

    Late in the year an earlier Saturday of the year is preferred, never less than 18 days ahead; from mid-December on
    there is none left, and the stay is next year's.
    """
    possibles = samedis(le, dans=dans)
    if possibles[0].year == le.year:
        return possibles[0]
    cette_annee = [j for j in samedis(le, dans=DELAI_VERROUILLAGE + 1) if j.year == le.year]
    return (cette_annee or possibles[:1])[-1]


def samedi_de_mai(annee: int) -> date:
    """Return the Saturday of the manual's week: 14 May 2022 for 2022."""
    return next(j for j in (date(annee, 5, 14) + timedelta(n) for n in range(7)) if j.weekday() == 5)


# --- The story ------------------------------------------------------------------------------------------------


class Demo:
    """One loading of the demo, as of the day `le`."""

    def __init__(self, le: date):
        self.le = le
        self.ouvert = samedi_ouvert(le, dans=35)
        self.epuise = samedi_ouvert(le, dans=42)
        self.clot_ce_soir = le + timedelta(DELAI_VERROUILLAGE)
        self.verrouille = le + timedelta(9)
        self.fini_hier = le - timedelta(8)
        self.fini_avant = le - timedelta(16)
        self.fini_depuis_3_jours = le - timedelta(10)
        self.a_confirmer = le - timedelta(17)
        self.an_dernier = samedi_de_mai(le.year - 1)
        self.comptes: dict[str, Compte] = {}
        self.offres: dict[tuple[str, int, int], Offre] = {}
        self.groupes: dict[tuple[str, date], Groupe] = {}

    def jouer(self, maintenant: datetime) -> None:
        """Play the whole story, the oldest first; then let the clock record the locks that are due."""
        self.ancv = Compte.objects.create_superuser("ancv", "demo@ancv.example", MOT_DE_PASSE)
        with acte("programme de la démonstration", par=self.ancv):
            self.ouvrir_programmes()
        self.activer_conventions()
        self.ouvrir_equipements()
        self.remplir_listes()
        self.publier_a_venir()
        saison.ouvrir(
            samedis=samedis(self.le, dans=24),
            tarifs={duree: prix for duree, prix, _ in TARIFS},
            par=self.ancv,
            le=self.le,
        )
        saison.poser_des_options(comptes=self.comptes, le=self.le)
        verrouiller_listes(le=self.le, maintenant=maintenant)
        self.valider_listes()

    def ouvrir_programmes(self) -> None:
        """Record last year's, this year's and next year's programmes, closed seasons and tariff (data, P1, P3)."""
        sejours = [
            (self.clot_ce_soir, fin_du_sejour(self.clot_ce_soir, 8)),
            (self.verrouille, fin_du_sejour(self.verrouille, 8)),
            (self.fini_hier, fin_du_sejour(self.fini_hier, 8)),
            (self.fini_avant, fin_du_sejour(self.fini_avant, 5)),
            (self.fini_depuis_3_jours, fin_du_sejour(self.fini_depuis_3_jours, 8)),
            (self.a_confirmer, fin_du_sejour(self.a_confirmer, 8)),
        ]
        for annee in (self.le.year - 1, self.le.year, self.le.year + 1):
            programme = Programme.objects.create(
                annee=annee,
                enveloppe=ENVELOPPE,
                contact_telephone="0 969 320 616",
                contact_email="service-sev-web@ancv.fr",
            )
            if fermeture := fermeture_possible(annee, sejours):
                Fermeture.objects.create(programme=programme, debut=fermeture[0], fin=fermeture[1])
            for duree, prix, aide in TARIFS:
                Tarif.objects.update_or_create(
                    duree=duree, valable_du=date(annee, 1, 1), defaults={"prix": prix, "aide": aide}
                )

    def activer_conventions(self) -> None:
        """Activate the two porteurs and the two providers, invite the reader, allot the credits (C1, C4, C6)."""
        porteur, prestataire = Organisme.Nature.PORTEUR, Organisme.Nature.PRESTATAIRE
        types = Organisme.TypePorteur
        self.activer(
            "ancv2528",
            "Monique GARNIER",
            nature=porteur,
            nom="CCAS DES TROIS RIVIERES",
            type_porteur=types.CCAS,
            telephone="02 61 91 25 28",
            voie="2 PLACE DE LA MAIRIE",
            code_postal="35410",
            ville="CHATEAUGIRON",
        )
        self.activer(
            "ancv1654",
            "Sylvie PUJOL",
            nature=porteur,
            nom="ASSOCIATION VOYAGES",
            type_porteur=types.ASSOCIATION,
            telephone="02 61 91 16 54",
            voie="14 RUE DE NANTES",
            code_postal="35000",
            ville="RENNES",
        )
        self.activer(
            "ancv3107",
            "Hervé LE BRIS",
            nature=porteur,
            nom="MAIRIE DE SAINT SERVAN",
            type_porteur=types.MAIRIE,
            telephone="02 61 91 31 07",
            voie="1 PLACE DE LA RESISTANCE",
            code_postal="35400",
            ville="SAINT MALO",
        )
        self.activer(
            "presta34",
            "Nathalie FABRE",
            nature=prestataire,
            nom="ACTIF RESIDENCE",
            telephone="04 65 71 34 34",
            voie="15 QUAI GEORGES POMPIDOU",
            code_postal="34280",
            ville="LA GRANDE MOTTE",
        )
        self.activer(
            "presta17",
            "Thierry GABORIT",
            nature=prestataire,
            nom="VACANCES D OLERON",
            telephone="05 36 49 17 17",
            voie="4 ROUTE DE LA CHEFMALIERE",
            code_postal="17190",
            ville="SAINT GEORGES D OLERON",
        )
        titulaire = self.comptes["ancv2528"]
        lecteur = comptes.inviter(
            organisme=titulaire.organisme,
            nom="Lecteur",
            email="lecture@trois-rivieres.example",
            role=Compte.Role.LECTEUR,
            par=titulaire,
        )
        lecteur = comptes.modifier(compte=lecteur, nom="Claire HAMONIC", role=lecteur.role, par=titulaire)
        comptes.choisir_mot_de_passe(compte=lecteur, mot_de_passe=MOT_DE_PASSE)
        for annee in sorted({self.le.year, self.ouvert.year, self.epuise.year, self.verrouille.year}):
            for numero, montant in DOTATIONS.items():
                self.allouer(numero, annee, montant)

    def activer(self, numero: str, titulaire: str, **organisme) -> None:
        """Activate a convention two years ago, with last year's credit for a porteur."""
        code = departement(organisme["code_postal"], organisme["ville"])
        with acte("convention enregistrée", par=self.ancv):
            convention = Convention.objects.create(
                organisme=Organisme.objects.create(departement=code, **organisme), numero=numero
            )
        compte = comptes.activer(
            convention=convention,
            annee=self.le.year - 1,
            montant=DOTATIONS_DE_L_AN_DERNIER.get(numero, Decimal(0)),
            nom=titulaire,
            email=f"{numero}@exemple.example",
            par=self.ancv,
            le=date(self.le.year - 2, 10, 1),
        )
        self.comptes[numero] = comptes.choisir_mot_de_passe(compte=compte, mot_de_passe=MOT_DE_PASSE)

    def allouer(self, numero: str, annee: int, montant: Decimal) -> None:
        allouer(
            convention=self.comptes[numero].organisme.convention,
            annee=annee,
            montant=montant,
            par=self.ancv,
            le=date(annee - 1, 10, 1),
            motif=f"Dotation {annee}",
        )

    def ouvrir_equipements(self) -> None:
        """Open the providers' équipements, with an offer of each length for each year."""
        environnement = Equipement.Environnement
        self.ouvrir(
            "presta34",
            nom="ACTIF RESIDENCE LES CYCLADES",
            voie="12 ALLEE DES GOELANDS",
            code_postal="34280",
            ville="LA GRANDE MOTTE",
            environnement=environnement.MER,
            accessible=True,
            accessibilite="Ascenseur, 6 chambres avec douche de plain-pied.",
        )
        self.ouvrir(
            "presta34",
            nom="ACTIF RESIDENCE LES GENTIANES",
            voie="7 AVENUE DU PROFESSEUR TROMBE",
            code_postal="66120",
            ville="FONT ROMEU ODEILLO VIA",
            environnement=environnement.MONTAGNE,
        )
        self.ouvrir(
            "presta17",
            nom="DOMAINE DES MOUETTES",
            voie="4 ROUTE DE LA CHEFMALIERE",
            code_postal="17190",
            ville="SAINT GEORGES D OLERON",
            environnement=environnement.MER,
            accessible=True,
        )
        self.ouvrir(
            "presta17",
            nom="LA GRANGE AUX NOYERS",
            voie="COMBE LONGUE",
            code_postal="24200",
            ville="SARLAT LA CANEDA",
            environnement=environnement.CAMPAGNE,
        )

    def ouvrir(self, numero: str, **equipement) -> None:
        compte = self.comptes[numero]
        with acte("équipement ajouté", par=compte):
            lieu = Equipement.objects.create(
                prestataire=compte.organisme,
                departement=departement(equipement["code_postal"], equipement["ville"]),
                telephone=compte.organisme.telephone,
                **equipement,
            )
        for annee in (self.le.year - 1, self.le.year, self.le.year + 1):
            for duree, prix, _ in TARIFS:
                self.offres[lieu.nom, annee, duree] = creer_offre(
                    equipement=lieu,
                    annee=annee,
                    duree=duree,
                    prix=prix,
                    par=compte,
                    le=date(annee - 1, 9, 1),
                )

    def remplir_listes(self) -> None:
        """Pre-register the groups and register their people, the oldest stay first.

        The list of ancv1654 comes before the locked one, whose first four people it has already aided this year.
        """
        cyclades, gentianes = "ACTIF RESIDENCE LES CYCLADES", "ACTIF RESIDENCE LES GENTIANES"
        self.groupe(cyclades, self.an_dernier, 8, "ancv2528", 8, personnes.L_AN_DERNIER)
        self.groupe(gentianes, self.a_confirmer, 8, "ancv3107", 14, personnes.DU_MANUEL)
        self.groupe(gentianes, self.fini_avant, 5, "ancv2528", 7, personnes.FINI_IL_Y_A_12_JOURS)
        self.groupe(cyclades, self.fini_depuis_3_jours, 8, "ancv3107", 6, personnes.FINI_IL_Y_A_3_JOURS)
        self.groupe(cyclades, self.fini_hier, 8, "ancv2528", 10, personnes.FINI_HIER)
        self.groupe(
            "DOMAINE DES MOUETTES", self.epuise, 8, "ancv1654", 8, personnes.EPUISE, preinscrit_avant=75
        )
        self.groupe("DOMAINE DES MOUETTES", self.verrouille, 8, "ancv2528", 12, personnes.VERROUILLE)
        self.groupe(
            gentianes,
            self.clot_ce_soir,
            8,
            "ancv2528",
            8,
            personnes.CLOT_CE_SOIR,
            type_groupe=Groupe.Type.INDIVIDUELS,
        )
        self.groupe(cyclades, self.ouvert, 8, "ancv2528", 10, personnes.OUVERT)

    def groupe(
        self,
        equipement: str,
        debut: date,
        duree: int,
        porteur: str,
        places: int,
        liste: tuple[Personne, ...],
        *,
        type_groupe=Groupe.Type.GROUPE,
        preinscrit_avant: int = 30,
    ) -> None:
        """Pre-register a group some weeks before its last day (or before today), then fill its list day after day."""
        sejour = self.sejour(equipement, debut, duree)
        limite = min(self.le, debut - timedelta(DELAI_VERROUILLAGE))
        ouverture = limite - timedelta(preinscrit_avant)
        groupe = self.groupes[porteur, debut] = preinscrire(
            sejour=sejour,
            convention=self.comptes[porteur].organisme.convention,
            places=places,
            type_groupe=type_groupe,
            par=self.comptes_du_prestataire(sejour),
            le=ouverture,
        )
        inscrits: list[Inscription] = []
        for rang, personne in enumerate(liste):
            jour = ouverture + timedelta(2 + 2 * rang)
            inscrits.append(self.inscrire(groupe, personne, inscrits, par=self.comptes[porteur], le=jour))

    def sejour(self, equipement: str, debut: date, duree: int, places: int = 40) -> Sejour:
        offre = self.offres[equipement, debut.year, duree]
        par = self.comptes_de(offre.equipement.prestataire_id)
        return publier_sejour(
            offre=offre, debut=debut, places=places, par=par, le=date(debut.year - 1, 9, 15)
        )

    def comptes_du_prestataire(self, sejour: Sejour) -> Compte:
        return self.comptes_de(sejour.offre.equipement.prestataire_id)

    def comptes_de(self, organisme: int) -> Compte:
        return next(c for c in self.comptes.values() if c.organisme_id == organisme)

    def inscrire(
        self, groupe: Groupe, personne: Personne, inscrits: list[Inscription], *, par: Compte, le: date
    ) -> Inscription:
        """Register one person; the spouse already on the list is then told whom she or he travels with."""
        lie = None if personne.avec is None else inscrits[personne.avec]
        autre = lie if personne.fiche.get("avec_conjoint") else None
        fiche = Fiche(
            eligibilite=personne.eligibilite,
            rfr=personne.montant_rfr,
            senior_lie=lie and lie.pk,
            conjoint=autre and autre.pk,
            **personne.coordonnees(),
            **personne.fiche,
        )
        instant = datetime.combine(le, time(10, 32), PARIS)
        inscription = inscrire(
            groupe=groupe,
            identite=Identite(
                nom=personne.nom,
                prenom=personne.prenom,
                date_naissance=personne.naissance(self.le),
                ville_naissance=personne.ville_naissance,
            ),
            fiche=fiche,
            par=par,
            le=le,
            maintenant=instant,
        )
        if autre:
            corriger(
                inscription=autre,
                fiche=replace(Fiche.de(autre), conjoint=inscription.pk),
                par=par,
                le=le,
                maintenant=instant,
            )
        return inscription

    def valider_listes(self) -> None:
        """Play what follows the stays (V1, V2): last year's is confirmed and paid, two others wait for their porteurs.

        In the manual's list one person is absent. Those that ended in the last three days wait for their provider.
        """
        an_dernier, fini_avant = (
            self.groupes["ancv2528", self.an_dernier],
            self.groupes["ancv2528", self.fini_avant],
        )
        fin = an_dernier.sejour.fin
        self.repondre(valider, an_dernier, le=fin + 4 * UN_JOUR)
        self.repondre(confirmer, an_dernier, par=self.comptes["ancv2528"], le=fin + 9 * UN_JOUR)
        self.payer(le=fin + 20 * UN_JOUR)
        self.repondre(
            valider, self.groupes["ancv3107", self.a_confirmer], le=self.le - 6 * UN_JOUR, absent="RONVIN"
        )
        self.repondre(valider, fini_avant, le=self.le - 4 * UN_JOUR)

    def repondre(
        self, operation, groupe: Groupe, *, le: date, par: Compte | None = None, absent: str | None = None
    ) -> None:
        """Tick everybody on the list but `absent`, as its provider (or `par`) did on `le`."""
        partis = groupe.inscriptions.presentes().exclude(senior__nom=absent)
        operation(
            groupe=groupe,
            presents=set(partis.values_list("pk", flat=True)),
            par=par or self.comptes_du_prestataire(groupe.sejour),
            le=le,
            maintenant=datetime.combine(le, time(10, 32), PARIS),
        )

    def payer(self, *, le: date) -> None:
        """Pay what is due to the providers, whose bank details are known (V8)."""
        instant = datetime.combine(le, time(10, 32), PARIS)
        for numero, iban in IBANS.items():
            prestataire = self.comptes[numero]
            enregistrer_coordonnees(
                prestataire=prestataire.organisme,
                titulaire=prestataire.organisme.nom,
                iban=iban,
                par=prestataire,
                maintenant=instant,
            )
        lot = creer_lot(execution_le=le + UN_JOUR, par=self.ancv, le=le, maintenant=instant)
        marquer_paye(lot=lot, paye_le=le + UN_JOUR, par=self.ancv, le=le + UN_JOUR, maintenant=instant)

    def tous_partis(self, operation, groupe: Groupe, *, le: date, par: Compte | None = None) -> None:
        """Tick everybody on the list, as its provider (or `par`) did on `le`."""
        operation(
            groupe=groupe,
            presents=set(groupe.inscriptions.presentes().values_list("pk", flat=True)),
            par=par or self.comptes_du_prestataire(groupe.sejour),
            le=le,
            maintenant=datetime.combine(le, time(10, 32), PARIS),
        )

    def publier_a_venir(self) -> None:
        """Publish more stays of the two providers who sign in: what they have to offer."""
        for rang, equipement in enumerate(sorted({nom for nom, _, _ in self.offres})):
            for dans in (56, 84, 112):
                debut = samedis(self.le, dans=dans + 7 * rang)[0]
                offre = self.offres[equipement, debut.year, 8]
                if not offre.sejours.filter(debut=debut).exists():
                    self.sejour(equipement, debut, 8)
