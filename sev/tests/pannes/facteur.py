"""A mail server of the tests' own: it keeps what it accepts, and can be made to stop in the middle of a mail."""

import email
import email.policy
import socketserver
from collections import Counter
from threading import Event, Thread


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self):
        facteur, destinataire = self.server.facteur, ""
        self._dire("220 essai")
        for ligne in self.rfile:
            verbe = ligne.split(b" ", 1)[0].strip().upper()
            if verbe == b"QUIT":
                self._dire("221 au revoir")
                return
            if verbe == b"RCPT":
                destinataire = ligne.split(b"<")[1].split(b">")[0].decode()
                facteur.attendre("RCPT", destinataire)
            if verbe == b"DATA":
                self._dire("354 ensuite")
                facteur.recus.append(email.message_from_bytes(self._corps(), policy=email.policy.default))
                facteur.attendre("DATA", destinataire)
            self._dire("250 bien")

    def _corps(self) -> bytes:
        lignes = []
        while (ligne := self.rfile.readline()) not in (b".\r\n", b""):
            lignes.append(ligne.removeprefix(b".") if ligne.startswith(b"..") else ligne)
        return b"".join(lignes)

    def _dire(self, reponse: str) -> None:
        try:
            self.wfile.write(f"{reponse}\r\n".encode())
        except OSError:
            pass  # whom we were speaking to has been killed


class _Serveur(socketserver.ThreadingTCPServer):
    daemon_threads, allow_reuse_address = True, True


class Facteur:
    """An SMTP server on a free port; `retenir` stops it at a word of one recipient's mail, until `laisser_passer`."""

    def __init__(self):
        self.recus: list[email.message.EmailMessage] = []
        self.arrete, self._passage, self._a_retenir = Event(), Event(), None
        self.serveur = _Serveur(("127.0.0.1", 0), _Conversation)
        self.serveur.facteur = self
        self.adresse = f"smtp://127.0.0.1:{self.serveur.server_address[1]}"
        Thread(target=self.serveur.serve_forever, daemon=True).start()

    def fermer(self) -> None:
        self.laisser_passer()
        self.serveur.shutdown()
        self.serveur.server_close()

    def retenir(self, verbe: str, destinataire: str) -> None:
        """Stop once, at RCPT (nothing accepted yet) or at DATA (accepted, not yet said), of `destinataire`'s mail."""
        self._a_retenir = (verbe, destinataire)

    def attendre(self, verbe: str, destinataire: str) -> None:
        if (verbe, destinataire) == self._a_retenir:
            self._a_retenir = None
            self.arrete.set()
            self._passage.wait()

    def laisser_passer(self) -> None:
        self._passage.set()

    def par_destinataire(self) -> dict[str, int]:
        """Return how many copies each recipient got."""
        return dict(Counter(str(message["To"]) for message in self.recus))

    def identifiants(self, destinataire: str) -> list[str]:
        """Return the Message-ID of each copy that `destinataire` got."""
        return [str(message["Message-ID"]) for message in self.recus if message["To"] == destinataire]
