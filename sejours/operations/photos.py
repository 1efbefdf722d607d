"""Photos of an équipement (S1): added drawn anew, removed with their file."""

from datetime import date
from uuid import uuid4

from django.core.files.base import ContentFile
from django.db import transaction

from conventions.models import Compte
from sejours.models import Equipement, Photo
from sejours.photos import PhotoRedessinee, PhotoRefusee
from sev.socle.journal import acte

PHOTOS_MAX = 12


@transaction.atomic
def ajouter_photo(
    *, equipement: Equipement, image: PhotoRedessinee, legende: str, par: Compte, le: date
) -> Photo:
    """Keep a picture that was drawn anew, under a name that tells nothing. Locks the équipement.

    Raises PhotoRefusee when there are twelve already.
    """
    Equipement.objects.select_for_update(no_key=True).get(pk=equipement.pk)
    if Photo.objects.filter(equipement=equipement).count() >= PHOTOS_MAX:
        raise PhotoRefusee(f"Il y a déjà {PHOTOS_MAX} photos. Supprimez-en une d'abord.")
    photo = Photo(equipement=equipement, legende=legende, largeur=image.largeur, hauteur=image.hauteur)
    with acte("photo ajoutée", par=par):
        photo.fichier.save(f"{uuid4()}.jpg", ContentFile(image.contenu), save=False)
        try:
            photo.save()
        except BaseException:
            photo.fichier.delete(save=False)
            raise
    return photo


@transaction.atomic
def supprimer_photo(*, photo: Photo, par: Compte, le: date) -> None:
    """Remove a photo; its file goes once the removal is certain."""
    fichier = photo.fichier
    with acte("photo supprimée", par=par):
        photo.delete()
    transaction.on_commit(lambda: fichier.storage.delete(fichier.name))
