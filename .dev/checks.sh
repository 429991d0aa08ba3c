# The steps of ./dev lint and ./dev test. Each is carried out even if one before it failed; finish says which did.
# A step is one command or a chain of &&: bash ignores `set -e` in what is called with ||.
# shellcheck shell=bash

baseline=proto/baseline.txtpb
journal_proto=proto/patron/journal
failed_steps=()
tests_passed=
tests_failed=

step() {
  local name=$1 began=$SECONDS
  shift
  printf '\n== %s\n' "$name"
  if "$@"; then
    printf '== %s: ok (%s)\n' "$name" "$(duration $((SECONDS - began)))"
  else
    printf '== %s: FAILED (%s)\n' "$name" "$(duration $((SECONDS - began)))"
    failed_steps+=("$name")
  fi
}

run_lints() {
  [[ -z ${CI-} ]] || step "lock file" check_lock
  step "format" in_root cargo fmt --check
  step "clippy" in_root cargo clippy --workspace --all-targets --keep-going -- -D warnings
  step "dependencies" check_dependencies
  step "proto" check_proto
  step "shell" check_shell
  step "compose" check_compose
}

check_lock() { in_root cargo metadata --locked --format-version 1 >/dev/null; }

check_shell() {
  if ! command -v shellcheck >/dev/null; then
    echo "shell: NOT CHECKED, shellcheck has no package for this machine"
    return
  fi
  in_root shellcheck -ax dev .ci/run deploy/kafka/kafka.sh
}

check_compose() {
  in_root "$tools/bin/python" .dev/compose.py deploy/compose.yaml deploy/kafka/compose.yaml && check_kafka_version
}

# With Docker and without it, the same Kafka.
check_kafka_version() {
  local version
  version=$(sed -n 's,.*<kafka.version>\(.*\)</kafka.version>.*,\1,p' "$root/deploy/kafka/pom.xml")
  grep -qx " *image: apache/kafka:$version" "$root/deploy/kafka/compose.yaml" && return
  echo "deploy/kafka: compose.yaml names another Kafka than pom.xml, $version"
  return 1
}

# The advisory database is a git repository of its own that some networks do not let through; the rest needs no network.
check_dependencies() {
  in_root cargo-deny check --hide-inclusion-graph bans licenses sources && check_advisories
}

check_advisories() {
  if in_root timeout 60 cargo-deny --log-level off fetch db 2>/dev/null; then
    in_root cargo-deny --log-level error check --disable-fetch advisories
  else
    echo "advisories: NOT CHECKED, the advisory database cannot be fetched from here"
  fi
}

check_proto() { in_root buf lint && check_proto_additive && check_proto_baseline; }

check_proto_additive() {
  in_root buf breaking --against "$baseline"
}

# A baseline that lags behind would let a new field be changed again unseen.
check_proto_baseline() {
  proto_image | diff -uw "$root/$baseline" - && return
  echo "the journal's record schema has changed compatibly: accept it by ./dev proto-baseline"
  return 1
}

# As text, so that a review sees what the wire promises. Its writer does not promise how it spaces.
proto_image() {
  in_root buf build --path "$journal_proto" --exclude-source-info -o -#format=txtpb
}

write_proto_baseline() {
  if [[ -e $root/$baseline ]] && ! check_proto_additive; then
    die "records already written could not be read any more; if none exist, delete $baseline and run this again"
  fi
  proto_image >"$root/$baseline.new"
  mv "$root/$baseline.new" "$root/$baseline"
  say "wrote $baseline"
}

run_tests() {
  local log
  log=$(mktemp)
  step "kafka" start_test_kafka
  step "tests" test_into "$log" "$@"
  stop_test_kafka
  read -r tests_passed tests_failed < <(count_tests "$log")
  rm -f "$log"
}

# From the root of a virtual workspace cargo tests every member, doc tests too. With pipefail the exit code is cargo's.
# The end-to-end tests start the program itself, which cargo builds because crates/patron has a test of it.
test_into() {
  local log=$1
  shift
  in_root cargo test --no-fail-fast "$@" | tee "$log"
}

# Sums the closing lines of all test binaries: "test result: ok. 12 passed; 0 failed; 1 ignored; ...".
count_tests() {
  awk '/^test result: / { passed += $4; failed += $6 } END { print passed + 0, failed + 0 }' "$1"
}

# Says what failed and ends the run. A test binary that crashed or did not compile has no closing line, yet it failed.
finish() {
  printf '\n'
  if [[ ${#failed_steps[@]} != 0 ]]; then
    echo "FAILED: ${failed_steps[*]}"
    [[ " ${failed_steps[*]} " != *" tests "* || $tests_failed != 0 ]] || tests_failed=1
  fi
  [[ -z $tests_passed ]] || echo "$tests_passed passed, $tests_failed failed"
  exit $((${#failed_steps[@]} + ${tests_failed:-0} != 0))
}
