# What must be on the machine before cargo can build: Debian packages and Rust.
# shellcheck shell=bash

system_packages=(build-essential pkg-config libclang-dev zlib1g-dev libssl-dev ca-certificates curl git)
# With it a test counts instructions: tests/tests/cost.rs.
test_packages=(valgrind)
rust_channel=$(sed -n 's/^channel = "\(.*\)"/\1/p' "$root/rust-toolchain.toml")

has_package() { [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

# Installs those of the named Debian packages that are missing; on other systems trusts that their like is there.
install_packages() {
  command -v dpkg-query >/dev/null || return 0
  local name missing=()
  for name in "$@"; do
    has_package "$name" || missing+=("$name")
  done
  [[ ${#missing[@]} == 0 ]] && return 0
  say "installing Debian packages: ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

ensure_system() { install_packages "${system_packages[@]}"; }

ensure_test_system() {
  install_packages "${test_packages[@]}" || say "${test_packages[*]} could not be installed; the tests that need it will fail and say so"
}

ensure_rust() {
  export PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
  command -v cargo >/dev/null || install_rust
  in_root cargo --version >/dev/null 2>&1 || use_other_toolchain
  local version
  version=$(in_root rustc --version | cut -d' ' -f2)
  [[ $(printf '%s\n' "$rust_channel" "$version" | sort -V | head -n 1) == "$rust_channel" ]] ||
    die "Rust $version is too old: $rust_channel is needed (rustup update)"
}

install_rust() {
  say "installing Rust $rust_channel by rustup"
  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs |
    sh -s -- -y --no-modify-path --profile minimal --default-toolchain "$rust_channel" -c clippy -c rustfmt >&2
}

# The pinned toolchain is missing and rustup may not fetch it by itself: fetches it, or takes a stable one of the same release.
use_other_toolchain() {
  in_root rustup toolchain install "$rust_channel" --profile minimal -c clippy -c rustfmt >&2 && return
  [[ $(cargo +stable --version 2>/dev/null) == "cargo $rust_channel "* ]] || die "Rust $rust_channel cannot be installed"
  export RUSTUP_TOOLCHAIN=stable
}
