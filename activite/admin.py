"""« Activité » in ANCV's admin: tables, plots and spreadsheets of the counted figures; occupancy of the providers."""

from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.urls import path, reverse

from activite import dessins, documents
from activite.bord import barres_de
from activite.forms import ActiviteForm, OccupationForm
from activite.models import Activite, Releve
from activite.operations import relever
from activite.regles import evolution_dite
from activite.tableaux import AXES, EN_EUROS, LIBELLES, annees_jusqu_a, mesures_de, occupation, tableau
from sejours.carte_de_france import cercles
from sev.socle.admin import LectureAdmin
from sev.socle.tableur import reponse_xlsx
from sev.socle.temps import aujourdhui, maintenant
from sev.socle.typographie import date_lettres, heure

PAR_PAGE = 30
BARRES_MAX = 12


@admin.register(Activite)
class ActiviteAdmin(LectureAdmin):
    """The pages of the activity stand in the place of the list of cells, under its rights."""

    def get_urls(self):
        """Add the spreadsheets, the occupancy, and the act that counts a year again."""
        voir = self.admin_site.admin_view
        return [
            path("tableur/", voir(self.tableur), name="activite_activite_tableur"),
            path("occupation/", voir(self.occupation), name="activite_activite_occupation"),
            path("occupation/tableur/", voir(self.occupation_xlsx), name="activite_activite_occupation_xlsx"),
            path("relever/<int:annee>/", voir(self.relever), name="activite_activite_relever"),
            *super().get_urls(),
        ]

    def changelist_view(self, request, extra_context=None):
        """Show the figures of a year along an axis, beside another year's, and over ten years."""
        choix = self._choix(request)
        axe, mesure = AXES[choix["form"].choisis["axe"]], choix["form"].choisis["mesure"]
        if mesure not in mesures_de(axe.cle, choix["filtres"]):
            mesure = "inscrits"
        figures = tableau(
            axe, annee=choix["annee"], autre=choix["autre"], filtres=choix["filtres"], tri=mesure
        )
        annees = annees_jusqu_a(choix["annees"][0], filtres=choix["filtres"])
        contexte = choix | {
            "title": "Activité",
            "axes": [(a.titre, a.cle == axe.cle, self._question(request, axe=a.cle)) for a in AXES.values()],
            "figures": figures,
            "tetes": [LIBELLES[m] for m in figures.mesures],
            "lignes": [self._rangee(ligne, figures) for ligne in figures.lignes],
            "total": self._rangee(figures.total, figures),
            "mesure": LIBELLES[mesure],
            "par_annee": [
                (ligne.libelle, [(m in EN_EUROS, ligne.ici[m]) for m in figures.mesures]) for ligne in annees
            ],
            "dessin": self._dessin(figures, mesure),
            "dessin_annees": dessins.colonnes(
                [dessins.Barre(ligne.libelle, int(ligne.ici[mesure]), 0) for ligne in annees]
            ),
            "question": request.GET.urlencode(),
            "peut_relever": request.user.has_perm("activite.change_activite"),
        }
        return render(request, "admin/activite/activite.html", self._page(request, contexte))

    def tableur(self, request):
        """Give all of it as a spreadsheet: every axis, with the filters of the page."""
        choix = self._choix(request)
        tableaux = [
            tableau(axe, annee=choix["annee"], autre=choix["autre"], filtres=choix["filtres"])
            for axe in AXES.values()
        ]
        annees = annees_jusqu_a(choix["annees"][0], filtres=choix["filtres"])
        contenu = documents.classeur_de_l_activite(annees, tableaux, releve=self._dit(choix))
        return reponse_xlsx(f"activite-{choix['annee']}-{choix['autre']}.xlsx", contenu)

    def occupation(self, request):
        """Show how full the providers' stays are, by year."""
        form, annee, prestataires = self._occupation(request)
        page = Paginator(prestataires, PAR_PAGE).get_page(request.GET.get("page"))
        contexte = {
            "title": "Occupation des prestataires",
            "form": form,
            "annee": annee,
            "page": page,
            "precedente": page.has_previous() and self._question(request, page=page.previous_page_number()),
            "suivante": page.has_next() and self._question(request, page=page.next_page_number()),
            "question": request.GET.urlencode(),
            "le": aujourdhui(),
        }
        return render(request, "admin/activite/occupation.html", self._page(request, contexte))

    def occupation_xlsx(self, request):
        """Give the same list, whole, as a spreadsheet."""
        _, annee, prestataires = self._occupation(request)
        contenu = documents.classeur_de_l_occupation(prestataires, annee=annee)
        return reponse_xlsx(f"occupation-{annee}.xlsx", contenu)

    def relever(self, request, annee):
        """Count a year again, final or not, then show it."""
        if not request.user.has_perm("activite.change_activite"):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not Releve.objects.filter(annee=annee).exists() and annee != aujourdhui().year:
            raise Http404
        if relever(annee=annee, le=aujourdhui(), maintenant=maintenant()):
            messages.success(request, f"Les chiffres de {annee} sont à jour.")
        else:
            messages.info(request, f"Rien à compter en {annee}, ou le relevé est déjà en cours.")
        return redirect(f"{self._adresse()}?annee={annee}")

    # --- What the pages share -----------------------------------------------------------------------------------

    def _choix(self, request) -> dict:
        """Return what the page is asked for: form, both years, filters, and when the year was counted."""
        self._voir(request)
        releves = {releve.annee: releve for releve in Releve.objects.all()}
        courante = aujourdhui().year
        annees = sorted(releves, reverse=True) or [courante]
        form = ActiviteForm(request.GET, annees=annees, courante=courante)
        annee = form.choisis["annee"]
        return {
            "form": form,
            "annees": annees,
            "annee": annee,
            "autre": form.choisis["autre"],
            "filtres": form.filtres(),
            "releve": releves.get(annee),
            "en_cours": annee >= courante,
        }

    def _occupation(self, request):
        """Return the form, the year, and the providers asked for, in order."""
        self._voir(request)
        courante = aujourdhui().year
        annees = sorted({*Releve.objects.values_list("annee", flat=True), courante}, reverse=True)
        form = OccupationForm(request.GET, annees=annees, courante=courante)
        annee = form.choisis["annee"]
        prestataires = occupation(annee=annee)
        if mots := form.choisis["q"]:
            prestataires = prestataires.filter(
                Q(offre__equipement__prestataire__nom__icontains=mots)
                | Q(offre__equipement__prestataire__convention__numero__icontains=mots)
            )
        return form, annee, prestataires.order_by(*form.ORDRES[form.choisis["tri"]])

    def _dessin(self, figures, mesure: str) -> dict:
        """Return the plot that suits the axis: columns, a map, or lying bars."""
        if figures.axe.carte:
            ronds, ailleurs = cercles({ligne.cle: int(ligne.ici[mesure]) for ligne in figures.lignes})
            return {"genre": "carte", "ronds": ronds, "ailleurs": ailleurs}
        if figures.axe.cle == "mois":
            return {"genre": "colonnes", "dessin": dessins.colonnes(barres_de(figures, mesure, courts=True))}
        rangees = dessins.lignes(barres_de(figures, mesure)[:BARRES_MAX])
        return {"genre": "lignes", "lignes": rangees, "hauteur": max(1, len(rangees)) * dessins.RANG}

    @staticmethod
    def _rangee(ligne, figures):
        """Return a row as the page writes it: label, then for each measure euros or not, both years, change."""
        cases = [
            (m in EN_EUROS, ligne.ici[m], ligne.avant[m], evolution_dite(ligne.evolution(m)))
            for m in figures.mesures
        ]
        return ligne.libelle, cases

    @staticmethod
    def _dit(choix: dict) -> str:
        """Say when the year was counted, and which filters the figures were taken with."""
        releve, filtres = choix["releve"], choix["form"].filtres_dits()
        quand = "Jamais relevé."
        if releve:
            quand = f"Relevé le {date_lettres(releve.releve_le)} à {heure(releve.releve_le)}."
        return f"{quand} Filtres : {filtres}." if filtres else quand

    @staticmethod
    def _question(request, **change) -> str:
        return urlencode({cle: valeur for cle, valeur in request.GET.items() if cle != "page"} | change)

    @staticmethod
    def _adresse() -> str:
        return reverse("admin:activite_activite_changelist")

    def _voir(self, request) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _page(self, request, contexte: dict) -> dict:
        return {**self.admin_site.each_context(request), "opts": self.opts, **contexte}
