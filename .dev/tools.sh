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
  python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages python3-venv
  rm -rf "$tools"
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
    -r "$requirements"
  touch "$tools/ready"
}
