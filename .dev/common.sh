# What every part uses: messages, durations, the root's directory, root's rights.
# shellcheck shell=bash

# Progress goes to stderr, so that what ./dev patron prints can be piped.
say() { printf '%s\n' "$*" >&2; }

die() {
  say "dev: $*"
  exit 1
}

# Seconds as a reader says them: 75 -> 1m15s.
duration() {
  if (($1 < 60)); then printf '%ds' "$1"; else printf '%dm%02ds' $(($1 / 60)) $(($1 % 60)); fi
}

# rustup and cargo read their settings from the directory they are called in.
in_root() { (cd "$root" && "$@"); }

as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "needs root or sudo for: $*"
  fi
}
