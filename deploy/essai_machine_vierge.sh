#!/usr/bin/env bash
# Proves bin/demo and bin/test on a machine that has only git and Python with venv: a minimal Debian in a folder,
# as an ordinary user, then as root. Needs root, debootstrap and a Debian mirror. Nothing outside FOLDER is touched.
#
#   deploy/essai_machine_vierge.sh [FOLDER]      (default: a new folder in /var/tmp, removed at the end)
#
# Where the network asks for it: MIROIR (Debian mirror), SUITE (bookworm), PIP_CONF (a pip.conf for the inside),
# CERTIFICATS (a bundle of authorities), ETAPES ("utilisateur root" by default), PYTEST_ARGS.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

miroir=${MIROIR:-http://deb.debian.org/debian}
suite=${SUITE:-bookworm}
depot=$PWD
if [ "$(id -u)" != 0 ]; then
    echo "As root: sudo $0" >&2
    exit 2
fi
if [ $# -gt 0 ]; then
    dossier=$(mkdir -p "$1" && cd "$1" && pwd)
else
    dossier=$(mktemp -d /var/tmp/sev-vierge-XXXXXX)
    trap 'rm -rf "$dossier"' EXIT
fi

machine() { # NAME: a minimal Debian with git and Python, and this commit in the home of its two users
    local racine=$dossier/$1
    if [ ! -d "$dossier/base" ]; then
        debootstrap --variant=minbase --include=ca-certificates,git,python3,python3-venv \
            "$suite" "$dossier/base.neuf" "$miroir" >"$dossier/debootstrap.log"
        mv "$dossier/base.neuf" "$dossier/base"
    fi
    rm -rf "$racine"
    cp -a "$dossier/base" "$racine"
    cp -L /etc/resolv.conf "$racine/etc/resolv.conf"
    [ -z "${CERTIFICATS:-}" ] || cp "$CERTIFICATS" "$racine/etc/ssl/certs/ca-certificates.crt"
    [ -z "${PIP_CONF:-}" ] || cp "$PIP_CONF" "$racine/etc/pip.conf"
    echo "127.0.0.1 localhost" >"$racine/etc/hosts" # debootstrap makes none, every machine has one
    chroot "$racine" useradd --create-home --uid 1000 clerc
    git clone --quiet --no-hardlinks "$depot" "$racine/root/sev"
    cp -a "$racine/root/sev" "$racine/home/clerc/sev"
    chroot "$racine" chown -R clerc: /home/clerc/sev
    cp deploy/essai_machine_vierge.py "$racine/opt/essai.py"
}

entrer() { # NAME HOME USER: run the proof inside, with processes of its own and the mounts that any machine has
    # shellcheck disable=SC2016
    unshare --mount --pid --fork --kill-child -- bash -euc '
        mount -t proc proc "$1/proc"
        mkdir -p "$1/dev/shm" && mount -t tmpfs tmpfs "$1/dev/shm"
        chmod 1777 "$1/dev/shm"
        exec chroot --userspec="$3" "$1" /usr/bin/env -i HOME="$2" USER="$3" \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin PYTEST_ARGS="$4" \
            python3 /opt/essai.py
    ' entrer "$dossier/$1" "$2" "$3" "${PYTEST_ARGS:-}"
}

for etape in ${ETAPES:-utilisateur root}; do
    machine "$etape"
    echo "== $etape"
    case $etape in
        utilisateur) entrer "$etape" /home/clerc clerc ;;
        root) entrer "$etape" /root root ;;
    esac
done
echo "Both commands work on a fresh $suite."
