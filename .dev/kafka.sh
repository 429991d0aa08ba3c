# Kafka for developers and tests. deploy/kafka/kafka.sh runs it; here is what ties it to ./dev.
# shellcheck shell=bash

# For tests that start and kill nodes of their own.
export PATRON_KAFKA_SH=$root/deploy/kafka/kafka.sh

# One broker for all tests, unless PATRON_TEST_KAFKA names one already. What it and the tests start ends with this script,
# however that ends: each `up` writes its folder into a list.
start_test_kafka() {
  local address
  test_kafka=$(mktemp -d) || return
  trap stop_test_kafka EXIT
  export PATRON_KAFKA_STARTED=$test_kafka/started
  touch "$PATRON_KAFKA_STARTED"
  [[ -z ${PATRON_TEST_KAFKA-} ]] || return 0
  address=$("$PATRON_KAFKA_SH" up --dir "$test_kafka/shared" | tail -n 1) || return
  export PATRON_TEST_KAFKA=$address
}

stop_test_kafka() {
  local dir
  [[ -n ${test_kafka-} ]] || return 0
  while read -r dir; do
    [[ ! -e $dir ]] || "$PATRON_KAFKA_SH" down --dir "$dir" --wipe || true
  done <"$PATRON_KAFKA_STARTED"
  rm -rf "$test_kafka"
  unset test_kafka PATRON_KAFKA_STARTED
}
