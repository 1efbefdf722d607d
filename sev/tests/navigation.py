"""Somebody at the pages, without a browser: follows links and presses buttons by what is written on them."""

import re
from html import unescape
from html.parser import HTMLParser

from django.test import Client

from conventions.tests.factories import connecter
from seniors.tests.factories import clair

VIDES = {"input", "br", "link", "meta", "img", "hr", "col"}


class Page(HTMLParser):
    """What is on a page: its links, its fields by label, its forms by button."""

    def __init__(self, html: str):
        super().__init__(convert_charrefs=True)
        # what is written, the address, the row of the table that it stands in
        self.liens: list[tuple[str, str, str]] = []
        self.rangee = 0
        self.etiquettes: list[tuple[str, str]] = []
        self.formulaires: list[dict] = []
        self.pile: list[tuple[str, dict, list[str]]] = []
        self.choix: dict | None = None
        self.feed(html)
        self.texte = mots(html)

    def handle_starttag(self, balise, attributs):
        attrs = {nom: valeur or "" for nom, valeur in attributs}
        if balise == "form":
            self.formulaires.append({"action": attrs.get("action", ""), "champs": [], "boutons": []})
        elif balise == "input" and self.formulaires:
            genre = attrs.get("type", "text")
            if genre == "submit":
                self._bouton(attrs.get("value", ""), attrs)
            elif genre != "button":
                self._champ(attrs | {"genre": genre, "coche": "checked" in attrs})
        elif balise in ("select", "textarea") and self.formulaires:
            self._champ(attrs | {"genre": balise, "options": [], "value": ""})
        if balise == "tr":
            self.rangee = len(self.liens)
        if balise not in VIDES:
            self.pile.append((balise, attrs, []))

    def handle_data(self, texte):
        for _, _, lus in self.pile:
            lus.append(texte)

    def handle_endtag(self, balise):
        if not any(ouverte == balise for ouverte, _, _ in self.pile):
            return
        while True:
            nom, attrs, lus = self.pile.pop()
            if nom == balise:
                break
        texte = " ".join(clair("".join(lus)).split())
        if balise == "a" and "href" in attrs:
            self.liens.append((texte, attrs["href"], ""))
        elif balise == "tr":
            self.liens[self.rangee :] = [(lien, vers, texte) for lien, vers, _ in self.liens[self.rangee :]]
        elif balise == "label":
            self.etiquettes.append((texte.removesuffix(" :").removesuffix(":").strip(), attrs.get("for", "")))
        elif balise == "button" and self.formulaires and attrs.get("type", "submit") == "submit":
            self._bouton(texte, attrs)
        elif balise == "option" and self.formulaires:
            champ = self.formulaires[-1]["champs"][-1]
            champ["options"].append((texte, attrs.get("value", texte)))
            if "selected" in attrs or len(champ["options"]) == 1:
                champ["value"] = attrs.get("value", texte)
        elif balise == "textarea" and self.formulaires:
            self.formulaires[-1]["champs"][-1]["value"] = "".join(lus).removeprefix("\n")

    def _champ(self, champ: dict) -> None:
        self.formulaires[-1]["champs"].append(champ)

    def _bouton(self, texte: str, attrs: dict) -> None:
        self.formulaires[-1]["boutons"].append((clair(texte), attrs.get("name", ""), attrs.get("value", "")))

    def champ(self, etiquette: str) -> dict:
        """Return the field of that label, the only one."""
        cles = [cle for texte, cle in self.etiquettes if texte == clair(etiquette)]
        trouves = [c for f in self.formulaires for c in f["champs"] if c.get("id") and c["id"] in cles]
        assert len(trouves) == 1, (etiquette, sorted({texte for texte, _ in self.etiquettes}))
        return trouves[0]


def mots(html: str) -> str:
    """Return what is read on a page: no markup, ordinary spaces."""
    sans = re.sub(r"<(script|style|template|nav|head)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return " ".join(clair(unescape(re.sub(r"<[^>]+>", " ", sans))).split())


class Visiteur:
    """Somebody signed in. Each step starts from the page that the last one led to."""

    def __init__(self, compte):
        self.compte, self.client = compte, Client()
        self.adresse, self.page = "", Page("")

    def arriver(self, adresse: str) -> "Visiteur":
        """Sign in, as on another day, and open `adresse`."""
        connecter(self.client, self.compte)
        return self._lire(self.client.get(adresse, follow=True), adresse)

    def suivre(self, lien: str, *, ligne: str = "") -> "Visiteur":
        """Follow the first link that reads `lien`, in the row of a table that says `ligne`."""
        adresse = self._adresse_du(lien, ligne)
        return self._lire(self.client.get(adresse, follow=True), adresse)

    def ouvrir(self, ligne: str) -> "Visiteur":
        """Follow the first link of the first row that says `ligne`."""
        liens = [vers for _, vers, rangee in self.page.liens if ligne in rangee]
        assert liens, (ligne, [(a, c) for a, _, c in self.page.liens][-25:])
        adresse = self._absolue(liens[0])
        return self._lire(self.client.get(adresse, follow=True), adresse)

    def _adresse_du(self, lien: str, ligne: str = "") -> str:
        adresses = [vers for texte, vers, rangee in self.page.liens if texte == lien and ligne in rangee]
        assert adresses, (lien, ligne, adresses, [(a, c) for a, _, c in self.page.liens][-25:])
        return self._absolue(adresses[0])

    def telecharger(self, lien: str) -> bytes:
        """Return the file behind the link that reads `lien`."""
        reponse = self.client.get(self._adresse_du(lien))
        assert reponse.status_code == 200
        return reponse.getvalue() if reponse.streaming else reponse.content

    def remplir(self, reponses: dict) -> "Visiteur":
        """Answer fields by their labels: text, the words of an option, True to tick."""
        for etiquette, reponse in reponses.items():
            champ = self.page.champ(etiquette)
            if "data-ajax--url" in champ:
                champ["value"] = self._trouver(champ, reponse)
            elif champ["genre"] == "select":
                valeurs = [valeur for texte, valeur in champ["options"] if texte == clair(reponse)]
                assert len(valeurs) == 1, (etiquette, reponse, champ["options"])
                champ["value"] = valeurs[0]
            elif champ["genre"] in ("radio", "checkbox"):
                champ["coche"] = bool(reponse)
                if champ["genre"] == "radio":
                    self._decocher_les_autres(champ)
            else:
                champ["value"] = reponse
        return self

    def _trouver(self, champ: dict, mots_cherches: str) -> str:
        """Type in a field that is looked up, and choose the only answer."""
        demande = {f"{nom}_name": champ[f"data-{nom}-name"] for nom in ("model", "field")}
        demande |= {"app_label": champ["data-app-label"], "term": mots_cherches}
        (trouve,) = self.client.get(champ["data-ajax--url"], demande).json()["results"]
        return trouve["id"]

    def _decocher_les_autres(self, choisi: dict) -> None:
        for formulaire in self.page.formulaires:
            if choisi in formulaire["champs"]:
                for champ in formulaire["champs"]:
                    if champ.get("name") == choisi["name"] and champ is not choisi:
                        champ["coche"] = False

    def presser(self, bouton: str, *, refus: bool = False) -> "Visiteur":
        """Press the button that reads `bouton`: its form is sent as it stands. A refusal is not expected."""
        formulaires = [f for f in self.page.formulaires if any(b[0] == bouton for b in f["boutons"])]
        assert formulaires, (bouton, [b[0] for f in self.page.formulaires for b in f["boutons"]])
        formulaire = formulaires[0]
        envoi: dict[str, list] = {}
        for champ in formulaire["champs"]:
            if champ.get("name") and (champ["genre"] not in ("radio", "checkbox") or champ["coche"]):
                vide = "on" if champ["genre"] == "checkbox" else ""
                if champ["genre"] != "file" or champ.get("value"):
                    envoi.setdefault(champ["name"], []).append(champ.get("value", vide))
        _, nom, valeur = next(b for b in formulaire["boutons"] if b[0] == bouton)
        if nom:
            envoi[nom] = [valeur]
        adresse = self._absolue(formulaire["action"])
        reponse = self.client.post(adresse, envoi, follow=True)
        erreurs = re.findall(r'<ul class="errorlist.*?</ul>', reponse.content.decode(), flags=re.DOTALL)
        if not refus:
            assert reponse.status_code == 200 and not erreurs, (
                reponse.status_code,
                [mots(e) for e in erreurs],
            )
        return self._lire(reponse, adresse, refus=refus)

    def _absolue(self, adresse: str) -> str:
        ici = self.adresse.split("?")[0]
        if adresse.startswith("?"):
            return ici + adresse
        if not adresse or adresse.startswith("#"):
            return self.adresse
        if adresse.startswith("/"):
            return adresse
        while adresse.startswith("../"):
            adresse, ici = adresse.removeprefix("../"), ici.rstrip("/").rsplit("/", 1)[0] + "/"
        return ici.rsplit("/", 1)[0] + "/" + adresse

    def _lire(self, reponse, adresse: str, *, refus: bool = False) -> "Visiteur":
        if not refus:
            assert reponse.status_code == 200, (adresse, reponse.status_code)
        chaine = getattr(reponse, "redirect_chain", [])
        self.adresse = chaine[-1][0] if chaine else adresse
        self.page = Page(reponse.content.decode())
        return self

    @property
    def lu(self) -> str:
        """Return what the page says."""
        return self.page.texte
