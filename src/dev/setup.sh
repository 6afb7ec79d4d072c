#!/bin/sh
# Makes a fresh clone ready, then runs a program with the project's own tools first in the PATH:
#   sh src/dev/setup.sh [nats-server] [chromium] -- program [argument…]
# The words before `--` name what the program needs besides the packages.
set -eu

fail() {
  echo "cellos-relay: $*" >&2
  exit 1
}

find_first() {
  for candidate in "$@"; do
    # /usr/sbin: where Debian puts nats-server, and where the PATH of an ordinary user does not look.
    PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v "$candidate" && return
  done
  return 1
}

apt_install() {
  command -v apt-get >/dev/null || return 1
  sudo=
  if [ "$(id -u)" != 0 ]; then
    sudo -n true 2>/dev/null || return 1
    sudo=sudo
  fi
  echo "cellos-relay: installing $1 with apt-get" >&2
  quietly $sudo apt-get update && quietly $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$1"
}

quietly() {
  log=$(mktemp)
  if "$@" >"$log" 2>&1 </dev/null; then
    rm -f "$log"
  else
    cat "$log" >&2
    rm -f "$log"
    return 1
  fi
}

packages() {
  # A linked folder belongs to another checkout: npm ci would empty it.
  [ -L node_modules ] && return
  [ node_modules/.package-lock.json -nt package-lock.json ] && return
  echo "cellos-relay: installing the packages of package-lock.json (once, about half a minute)" >&2
  quietly npm ci --no-audit --no-fund --loglevel=error || fail "npm ci failed."
  touch node_modules/.package-lock.json
}

cd "$(dirname "$0")/../.."

# One at a time: two installations into the same folder would break each other.
exec 9<package-lock.json
if command -v flock >/dev/null; then flock 9; fi
packages
# npm ci has done this too, unless it was told to run no scripts.
sh src/dev/node.sh || exit 1
while [ "$1" != -- ]; do
  case $1 in
    nats-server)
      # A broker of one's own (--nats) needs no local one.
      case " $* " in *" --nats"[\ =]* | *" --help "*) shift; continue ;; esac
      [ -n "${NATS_SERVER:-}" ] || NATS_SERVER=$(find_first nats-server) ||
        { apt_install nats-server && NATS_SERVER=$(find_first nats-server); } ||
        fail "nats-server is needed: get it from https://nats.io/download (Debian: apt-get install nats-server), or set NATS_SERVER to its path."
      export NATS_SERVER
      ;;
    chromium)
      [ -n "${CHROMIUM:-}" ] || CHROMIUM=$(find_first chromium chromium-browser google-chrome) ||
        { apt_install chromium && CHROMIUM=$(find_first chromium); } ||
        fail "chromium is needed for the tests of the console: install it (Debian: apt-get install chromium), or set CHROMIUM to its path."
      export CHROMIUM
      ;;
  esac
  shift
done
shift
exec 9<&-

PATH="$PWD/node_modules/.bin:$PATH"
export PATH
# npm passes SIGTERM and Ctrl-C on; when it ends any other way, the program must end as well.
if setpriv --pdeathsig TERM true 2>/dev/null; then exec setpriv --pdeathsig TERM "$@"; fi
exec "$@"
