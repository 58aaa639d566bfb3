# Sourced by the other scripts: where things are and how they speak.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}
# Tests run in their packages' folders, where a relative one would be another.
case "$CARGO_TARGET_DIR" in /*) ;; *) CARGO_TARGET_DIR=$root/$CARGO_TARGET_DIR ;; esac
# Where scripts/setup installs Node.js, if the system's is too old.
node_home=$HOME/.local/share/lottery/node
export PATH="$node_home/bin:$HOME/.cargo/bin:$PATH"

started=$SECONDS
say() { printf '\n==> [%4ds] %s\n' $((SECONDS - started)) "$*"; }
note() { printf '    %s\n' "$*"; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# What the TypeScript client runs on: Node.js 20.19 or newer, and npm.
node_is_recent() {
  have npm && have node && node -e '
    const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1);'
}

# Runs a command as root: as it is, or through sudo.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif have sudo; then
    sudo "$@"
  else
    die "'$*' needs root: run it yourself, or install sudo"
  fi
}

# Runs a command with a Postgres to talk to: DATABASE_URL's, or a throwaway
# cluster that is gone afterwards.
with_postgres() {
  if [ -n "${DATABASE_URL:-}" ]; then
    "$@"
  else
    have pg_virtualenv || die "PostgreSQL is missing: run scripts/setup"
    # Durability is of no use to a throwaway cluster.
    pg_virtualenv -t -o fsync=off -o synchronous_commit=off -o max_connections=200 \
      -o shared_preload_libraries=pg_stat_statements "$@"
  fi
}
