/* SEV works with HTML alone; this only shortens the way. Served as a file, because the policy forbids inline scripts. */
"use strict";

/* After a refused form, the summary of the errors is where the reader must be. */
function montrerErreurs() {
  const resume = document.getElementById("erreurs");
  if (resume) resume.focus();
}

/* A form already on its way is not sent a second time by a second click; after five seconds one may insist. */
function retenirDoubleEnvoi(evenement) {
  const formulaire = evenement.target;
  if (formulaire.method !== "post" || evenement.defaultPrevented) return;
  if (formulaire.dataset.envoi) {
    evenement.preventDefault();
    return;
  }
  formulaire.dataset.envoi = "1";
  setTimeout(() => delete formulaire.dataset.envoi, 5000);
}

/* A page that comes back from the browser's memory may be sent again. */
function libererFormulaires() {
  for (const formulaire of document.querySelectorAll("form[data-envoi]")) delete formulaire.dataset.envoi;
}

document.addEventListener("DOMContentLoaded", montrerErreurs);
document.addEventListener("submit", retenirDoubleEnvoi);
window.addEventListener("pageshow", libererFormulaires);

/* What a refused request answers (422) is shown like any other fragment. */
document.addEventListener("htmx:beforeSwap", function (evenement) {
  if (evenement.detail.xhr.status === 422) {
    evenement.detail.shouldSwap = true;
    evenement.detail.isError = false;
  }
});
