"""Postal lines of NF Z10-011: at most six lines of 38 characters, the last one in capitals.

What was typed is kept; only a line above 38 characters is abbreviated, from the left and no more than needed.
The order of the steps and the abbreviations follow @etalab/normadresse 1.2 (MIT licence, © Etalab).
"""

import re
from dataclasses import dataclass

from sev.socle.communes import code_postal_bien_forme, code_postal_connu, est_dans_le_code_postal
from sev.socle.texte import cle, cle_ville, propre, sans_accent

LONGUEUR = 38


def _regles(texte: str) -> tuple[tuple[tuple[str, ...], str], ...]:
    regles = (regle.split("=") for regle in texte.split(";"))
    return tuple((tuple(long.split()), court.strip()) for long, court in regles)


_VOIES = _regles(
    "ALLEE=ALL;ALLEES=ALL;AVENUE=AV;BOULEVARD=BD;CARREFOUR=CARR;CENTRE COMMERCIAL=CCAL;IMMEUBLE=IMM;"
    "IMPASSE=IMP;LIEU DIT=LD;LOTISSEMENT=LOT;PASSAGE=PAS;PLACE=PL;RESIDENCE=RES;ROND POINT=RPT;ROUTE=RTE;"
    "SQUARE=SQ;VILLAGE=VLGE;ZONE INDUSTRIELLE=ZI;ZONE D ACTIVITE=ZA;ZONE ARTISANALE=ZA;"
    "ZONE D AMENAGEMENT CONCERTE=ZAC"
)
_TITRES = _regles(
    "ADJUDANT=ADJ;ASPIRANT=ASP;CARDINAL=CDL;COMMANDANT=CDT;DIRECTEUR=DIR;DOCTEUR=DR;EVEQUE=EVQ;"
    "GENERAL=GAL;INGENIEUR=ING;INSPECTEUR=INSP;LIEUTENANT=LT;COLONEL=CNL;MAITRE=ME;MARECHAL=MAL;"
    "MEDECIN=MED;MONSEIGNEUR=MGR;NOTRE DAME=ND;PASTEUR=PAST;PREFET=PREF;PRESIDENT=PDT;PROFESSEUR=PR;"
    "RECTEUR=RECT;SERGENT=SGT;VEUVE=VVE;MADAME=MME;MADEMOISELLE=MLLE;MONSIEUR=M;CAPITAINE=CNE"
)
_GENERALES = _regles(
    "ANCIEN=ANC;ANCIENNE=ANC;ANCIENS=ANC;APPARTEMENT=APP;ASSOCIATION=ASSOC;BATIMENT=BAT;BOITE POSTALE=BP;"
    "COLLEGE=COLL;COMBATTANTS=COMB;COMMERCIAL=CIAL;COMPAGNIE=CIE;CROIX=CRX;DEPARTEMENTALE=DEP;ENTREE=ENT;"
    "ESCALIER=ESC;ETABLISSEMENT=ETS;ETAGE=ETG;FRANCAISE=FR;GRAND=GD;GRANDE=GDE;GRANDS=GDS;GRANDES=GDES;"
    "HAUT=HT;HAUTE=HTE;HAUTS=HTS;HAUTES=HTES;HOPITAL=HOP;INFERIEUR=INF;INFERIEURE=INF;"
    "INTERNATIONAL=INTERN;MAISON=MAIS;MILITAIRE=MIL;MUNICIPAL=MUN;NATIONALE=NALE;NOUVEAU=NOUV;"
    "NOUVELLE=NOUV;PETIT=PT;PETITE=PTE;PETITS=PTS;PETITES=PTES;PREFECTURE=PREF;PROLONGEE=PROL;"
    "PROPRIETE=PROP;REGIMENT=RGT;REPUBLIQUE=REP;SERVICE=SCE;SOCIETE=SOC;SUPERIEUR=SUP;SUPERIEURE=SUP;"
    "UNIVERSITE=UNIV;VIEILLE=VIEL;VIEUX=VX"
)
_AUTRES_VOIES = _regles(
    "CENTRE=CTRE;CHAPELLE=CHAP;CHATEAU=CHAT;CHAUSSEE=CHAU;CHEMIN=CHEM;CORNICHE=CORN;DOMAINE=DOM;"
    "ESPLANADE=ESPL;FAUBOURG=FG;FONTAINE=FONT;FOYER=FOYE;HAMEAU=HAM;JARDIN=JARD;JARDINS=JARD;MONTEE=MTE;"
    "MOULIN=MOUL;PAVILLON=PAV;PROMENADE=PROM;QUARTIER=QUAR;SENTIER=SENT;TERRASSE=TERR;TRAVERSE=TRA;"
    "VENELLE=VENE;VILLA=VLA"
)
_PRENOMS = frozenset(
    re.findall(
        r"\w+",
        "ALBERT ALEXANDRE ALEXIS ALFRED ALPHONSE ANATOLE ANDRE ANDREE ANNE ANTOINE ANTOINETTE "
        "ARISTIDE ARTHUR AUGUSTE BAPTISTE BERNARD BERTRAND CAMILLE CATHERINE CHARLES CHARLOTTE "
        "CHRISTIAN CLAUDE CLEMENT DANIEL DANIELLE DENIS DOMINIQUE EDMOND EDOUARD ELISABETH EMILE "
        "EMMANUEL ERNEST ETIENNE EUGENE FELIX FERDINAND FERNAND FRANCIS FRANCOIS FRANCOISE FRANKLIN "
        "FREDERIC GABRIEL GASTON GENEVIEVE GEORGES GERARD GERMAINE GILBERT GUILLAUME GUSTAVE GUY "
        "HENRI HONORE HUBERT IRENE JACQUELINE JACQUES JEAN JEANNE JOSEPH JOSEPHINE JULES JULIEN "
        "LAURENT LAZARE LEON LOUIS LOUISE LUCIEN LUCIE MADELEINE MARC MARCEL MARGUERITE MARIE MARTIN "
        "MAURICE MAXIME MICHEL NELSON NICOLAS OLYMPE OSCAR PASCAL PAUL PHILIPPE PIERRE RAOUL RAYMOND "
        "RENE RICHARD ROBERT ROGER ROLAND ROSA SIMONE SOPHIE SUZANNE SYLVESTRE THEODORE THEOPHILE "
        "THERESE VICTOR VINCENT YVES YVONNE",
    )
)
_SAINTS = _regles("SAINTES=STES;SAINTS=STS;SAINTE=STE;SAINT=ST")
_ARTICLES = frozenset(("LE", "LA", "LES", "L", "AU", "AUX", "DE", "DU", "DES", "D", "ET", "A", "SUR", "EN"))

_LOGEMENT = re.compile(
    r"(?:\d+ ?\w* )?"
    r"(APPARTEMENT|APPT|APT|APP|ETAGE|ETG|ESCALIER|ESC|PORTE|CHAMBRE|CHEZ|STUDIO|LOGEMENT|RDC|BOITE \d)\b"
)
_DISTRIBUTION = re.compile(r"(BP|BOITE POSTALE|CS|TSA|LIEU DIT|LIEU-DIT|LD)\b")
_SANS_NUMERO = re.compile(
    r"(LIEU|LD|LE|LA|LES|L'|BOURG|HAMEAU|RESIDENCE|RES|EHPAD|FOYER|MAISON|FERME|DOMAINE|CHATEAU|MANOIR|BP|CS|TSA)\b|L'"
)


def _comme(modele: str, abreviation: str) -> str:
    """The abbreviation in the case of the word it replaces."""
    if modele.isupper():
        return abreviation
    return abreviation.capitalize() if modele[0].isupper() else abreviation.lower()


def _longueur(mots: list[str]) -> int:
    return len(" ".join(mots))


def _remplacer(mots: list[str], regles, limite: int) -> None:
    """Apply `regles` in place, leftmost match first, never on the last word, until the line fits."""
    rang = 0
    while rang < len(mots) - 1 and _longueur(mots) > limite:
        for long, court in regles:
            fin = rang + len(long)
            if fin < len(mots) and tuple(sans_accent(mot) for mot in mots[rang:fin]) == long:
                mots[rang:fin] = [_comme(mots[rang], court)]
                break
        rang += 1


def abreger(ligne: str, limite: int = LONGUEUR) -> str:
    """`ligne` untouched when it fits, else abbreviated by the norm's steps until it does, cut at worst."""
    if len(ligne) <= limite:
        return ligne
    mots = re.sub(r"[,;.'’\-‐‑]", " ", ligne).split()
    for regles in (_VOIES, _TITRES, _GENERALES, _AUTRES_VOIES):
        _remplacer(mots, regles, limite)
    for rang in range(1, len(mots) - 1):
        precedent, mot = sans_accent(mots[rang - 1]), sans_accent(mots[rang])
        if _longueur(mots) > limite and mot in _PRENOMS and not precedent.startswith("SAINT"):
            mots[rang] = mots[rang][0]
    _remplacer(mots, _SAINTS, limite)
    for rang in range(len(mots) - 2, 0, -1):
        if _longueur(mots) > limite and sans_accent(mots[rang]) in _ARTICLES:
            del mots[rang]
    for rang in range(1, len(mots) - 1):
        if _longueur(mots) > limite and len(mots[rang]) > 3 and mots[rang].isalpha():
            mots[rang] = mots[rang][0]
    return " ".join(mots)[:limite].rstrip()


def _identite(civilite: str, prenom: str, nom: str) -> str:
    """Line 1; above 38 characters the first names become initials, then the title goes."""
    initiales = "-".join(partie[0] for partie in re.split(r"[\s\-]+", prenom) if partie)
    for mots in ((civilite, prenom, nom), (civilite, initiales, nom), (initiales, nom)):
        ligne = propre(" ".join(mots))
        if len(ligne) <= LONGUEUR:
            return ligne
    return ligne


def _localite(code_postal: str, ville: str) -> str:
    """Line 6: « 35410 CHATEAUGIRON », capitals without accents or punctuation, no arrondissement."""
    mots = re.findall(r"[A-Z0-9]+", sans_accent(ville))
    if "CEDEX" not in mots and cle_ville(ville) in {"PARIS", "LYON", "MARSEILLE"}:
        mots = [cle_ville(ville)]
    ligne = [code_postal, *mots]
    _remplacer(ligne, _SAINTS, LONGUEUR)
    return propre(" ".join(ligne))


def _ecrite(rang: int, ligne: str) -> str:
    """The line as it fits; a person's name and a town are cut rather than abbreviated like a street."""
    return ligne[:LONGUEUR].rstrip() if rang in (1, 6) else abreger(ligne)


@dataclass(frozen=True, kw_only=True)
class Adresse:
    """To whom and where one writes, as it was typed."""

    nom: str
    prenom: str
    voie: str
    code_postal: str
    ville: str
    civilite: str = ""
    complement: str = ""

    @property
    def lignes(self) -> list[str]:
        """What is written on the envelope: the lines in use, each of 38 characters at most."""
        return [_ecrite(rang, ligne) for rang, ligne in self._lignes]

    @property
    def anomalies(self) -> list[str]:
        """What staff may want to look at. It never refuses an address."""
        longues = [
            f"Ligne {rang} trop longue ({len(ligne)} caractères pour {LONGUEUR}) : "
            f"écrite « {_ecrite(rang, ligne)} »."
            for rang, ligne in self._lignes
            if len(ligne) > LONGUEUR
        ]
        return [*filter(None, (self._anomalie_de_la_ville(), self._anomalie_de_la_voie())), *longues]

    @property
    def _lignes(self) -> list[tuple[int, str]]:
        """The lines in use with their rank among six, before the last resort (cutting)."""
        logement, batiment, distribution = [], [], []
        for morceau in filter(None, map(propre, self.complement.split(","))):
            debut = sans_accent(morceau)
            place = (
                logement
                if _LOGEMENT.match(debut)
                else distribution
                if _DISTRIBUTION.match(debut)
                else batiment
            )
            place.append(morceau)
        six = (
            _identite(propre(self.civilite), propre(self.prenom), propre(self.nom)),
            ", ".join(logement),
            ", ".join(batiment),
            propre(self.voie),
            ", ".join(distribution),
            _localite(propre(self.code_postal), self.ville),
        )
        return [(rang, ligne) for rang, ligne in enumerate(six, start=1) if ligne]

    def _anomalie_de_la_ville(self) -> str:
        if not code_postal_bien_forme(self.code_postal):
            return f"Code postal mal formé : {self.code_postal or 'vide'}."
        if "CEDEX" in sans_accent(self.ville):
            return ""
        if not code_postal_connu(self.code_postal):
            return f"Code postal inconnu : {self.code_postal}."
        if not est_dans_le_code_postal(self.ville, self.code_postal):
            return f"{propre(self.ville) or 'La ville vide'} n'est pas une commune du {self.code_postal}."
        return ""

    def _anomalie_de_la_voie(self) -> str:
        if not cle(self.voie):
            return "La voie est vide."
        voie = propre(self.voie)
        if not re.match(r"\d", voie) and not _SANS_NUMERO.match(sans_accent(voie)):
            return "La voie n'a pas de numéro."
        return ""
