"""A list of the admin as a spreadsheet: what is filtered and searched there, whole."""

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.urls import path, reverse

from sev.socle.tableur import Feuille, classeur_xlsx, reponse_xlsx
from sev.socle.temps import aujourdhui
from sev.socle.typographie import quantite

# Some seconds of work; beyond, a page would time out, and the file would be too long for anybody to read.
LIGNES_MAX = 30_000


class ExportAdmin(admin.ModelAdmin):
    """Adds « Cette liste en tableur » to a list; `colonnes` gives its heads and what each takes of a row.

    A list of more than LIGNES_MAX rows is to be filtered first.
    """

    colonnes: tuple = ()
    change_list_template = "admin/conventions/liste.html"

    def get_urls(self):
        """Add the address of the spreadsheet, before that of an object."""
        vue = self.admin_site.admin_view(self.exporter)
        return [path("tableur/", vue, name=self._nom_de_route()), *super().get_urls()]

    def changelist_view(self, request, extra_context=None):
        """Add the link, with the filters of the moment."""
        adresse = f"{reverse(f'admin:{self._nom_de_route()}')}?{request.GET.urlencode()}"
        return super().changelist_view(request, {"tableur": adresse, **(extra_context or {})})

    def exporter(self, request):
        """Give the filtered list as a spreadsheet, unless it is too long for one."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        nom, le = self.opts.verbose_name_plural, aujourdhui()
        try:
            lignes = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        if lignes.order_by()[: LIGNES_MAX + 1].count() > LIGNES_MAX:
            messages.warning(
                request,
                f"Cette liste compte plus de {quantite(LIGNES_MAX, 'ligne')} : filtrez-la (année, nature, date) ou "
                "cherchez-y un porteur, puis demandez à nouveau le tableur.",
            )
            liste = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
            return redirect(f"{liste}?{request.GET.urlencode()}")
        feuille = Feuille(
            nom=nom[:31].capitalize(),
            titre=f"{nom.capitalize()}, au {le:%d/%m/%Y}",
            entetes=[titre for titre, _ in self.colonnes],
            lignes=(
                [valeur(ligne) for _, valeur in self.colonnes] for ligne in lignes.iterator(chunk_size=2000)
            ),
        )
        return reponse_xlsx(f"{self.opts.model_name}s-{le:%Y-%m-%d}.xlsx", classeur_xlsx(feuille))

    def _nom_de_route(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_tableur"
