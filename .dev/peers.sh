# What the side-by-side benchmark needs beside Patron, and its start: Redis, PostgreSQL, a JDK, DuckDB and chDB in a Python
# environment of their own, the peer on Kafka Streams built by Maven outside the clone.
# shellcheck shell=bash

peers=$root/benches/peers
peers_python=$cache/peers-$(cksum <"$peers/requirements.txt" | cut -d' ' -f1)

run_peers() {
  case " $* " in
    *" -h "* | *" --help "*) ;;
    *) build_peers ;;
  esac
  ensure_peers_python
  export PEERS_PROGRAMS=$CARGO_TARGET_DIR/release PEERS_KAFKA_STREAMS=$cache/peers-kafka-streams
  exec "$peers_python/bin/python" -B "$peers" "$@"
}

build_peers() {
  prepare_build
  install_packages redis-server postgresql
  command -v javac >/dev/null || install_packages openjdk-17-jdk-headless
  command -v mvn >/dev/null || install_packages maven
  in_root cargo build --release -p patron --bin patron -p patron-benches --bin peer_probe
  mvn --batch-mode --quiet --strict-checksums --file "$peers/kafka-streams/pom.xml" \
    package -Dpeers.target="$cache/peers-kafka-streams" >&2
}

ensure_peers_python() {
  [[ -e $peers_python/ready ]] || make_environment "$peers_python" "$peers/requirements.txt"
}
