#!/usr/bin/env bash
# A real Apache Kafka on this machine without Docker: one or three nodes, each broker and controller in one, on loopback only.
# Owns its jars in the cache and one folder a cluster. Never touches a process that it cannot prove to be its own.
#
# A cluster's folder: `cluster` (its id and its number of nodes; also the lock) and for each node `node-N/` with ports,
# server.properties, pid, broker.log (the last run's; the one before is broker.log.old) and data/.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/patron
version=$(sed -n 's,.*<kafka.version>\(.*\)</kafka.version>.*,\1,p' "$here/pom.xml")
kept=$cache/kafka-$version
libs=$kept/libs

# Below 32768, from where Linux takes the ports of outgoing connections: a node that is down finds its ports free again.
port_min=20000
port_max=32000
ready_seconds=90
stop_seconds=20

# `up` of one node in a new folder, Java 17, two cores that others used too, median of 3: 13.8 s as Java comes, 13.0 s with the
# serial collector, 9.8 s with the quick compiler alone as well, 4.8 s with the archive of classes as well (CPU: 9.0 to 2.6 s).
# The quick compiler costs a producer nothing: 2 million records of 200 B took the broker 4.9 s of CPU, without it 4.0 to 7.6.
quick=(-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData)
# The JVM's own warnings (an archive that does not fit) must not mix with what a tool prints.
quiet=(-Xlog:disable -Xlog:all=error:stderr -Dlog4j2.configurationFile="$here/log4j2.properties")
read -ra heap <<<"${PATRON_KAFKA_HEAP:--Xms256m -Xmx768m}"

dir=$cache/kafka-dev
brokers=
node=
wipe=
rest=()
# The nodes that this call has started and that are not known to be ready: they end with it if it fails.
launched=()

usage() {
  cat <<'TEXT'
usage: kafka.sh COMMAND [OPTIONS]

  fetch                              get Java and Kafka's jars; the jars' folder is the last line
  up     [--dir DIR] [--brokers 1|3] start what does not run yet of a cluster, made on the first call; the bootstrap
                                     address 127.0.0.1:PORT[,...] is the last line, and all that goes to stdout
  down   [--dir DIR] [--wipe]        stop all nodes; --wipe kills them and deletes DIR
  status [--dir DIR]                 node, pid, address, up or down; exit code 3 unless all are up
  bootstrap [--dir DIR]              print the bootstrap address
  start  [--dir DIR] --node N        start one node again, with the ports and data it had; its address is the last line
  stop   [--dir DIR] --node N        stop one node in good order
  kill   [--dir DIR] --node N        kill one node (SIGKILL)
  topics | configs | groups [--dir DIR] -- ARGS
                                     Kafka's own tools, led to this cluster:  kafka.sh topics -- --list
  help                               this text

environment
  XDG_CACHE_HOME        in place of ~/.cache; jars and the default DIR (patron/kafka-dev) are there
  JAVA_HOME             this Java, if it is 17 or newer
  PATRON_KAFKA_HEAP     JVM flags in place of "-Xms256m -Xmx768m"
  PATRON_KAFKA_STARTED  a file to which `up` adds its DIR, so that a caller can end what others started on its behalf
TEXT
}

say() { printf '%s\n' "$*" >&2; }

die() {
  say "kafka: $*"
  exit 1
}

# ---- Java and jars

as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "needs root or sudo for: $*"
  fi
}

install_package() {
  command -v apt-get >/dev/null || die "install what Debian calls $1, then try again"
  say "installing Debian package: $1"
  as_root apt-get update -qq >&2
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" >&2
}

java_major() { "$1" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p'; }

find_java() {
  local candidate
  for candidate in "${JAVA_HOME:+$JAVA_HOME/bin/java}" "$(command -v java)"; do
    [[ -x $candidate && $(java_major "$candidate") -ge 17 ]] || continue
    java=$candidate
    return
  done
  return 1
}

ensure_java() {
  find_java && return
  install_package openjdk-17-jre-headless
  find_java || die "java is older than 17, although openjdk-17-jre-headless is installed: set JAVA_HOME"
}

# Each Java has an archive of its own: one that another Java wrote is not read.
ensure_kafka() {
  ensure_java
  archive=$kept/classes-$("$java" -version 2>&1 | cksum | cut -d' ' -f1).jsa
  mkdir -p "$cache"
  (
    flock 9
    [[ -d $kept ]] || fetch_jars
    [[ -e $archive ]] || (make_archive 9>&-) || say "no class archive could be made: Kafka starts slower"
  ) 9>"$cache/kafka.lock"
  if [[ -e $archive ]]; then set_jvm "-XX:SharedArchiveFile=$archive"; else set_jvm -Xshare:auto; fi
}

# The last step is one rename: a broken download leaves nothing that could be taken for complete.
fetch_jars() {
  local work=$cache/kafka-fetch
  command -v mvn >/dev/null || install_package maven
  say "fetching Apache Kafka $version, 45 MB; kept in $kept"
  rm -rf "$work"
  mvn --batch-mode --quiet --strict-checksums --file "$here/pom.xml" \
    dependency:copy-dependencies -DoutputDirectory="$work/libs" >&2
  [[ -e $work/libs/kafka_2.13-$version.jar ]] || die "Maven fetched no Kafka"
  mv "$work" "$kept"
}

# A node runs once for the list of its classes, which the JVM writes when it ends.
make_archive() {
  local dir stop_seconds=120
  say "a broker runs once, so that later ones start faster"
  dir=$(mktemp -d) || exit
  trap 'end_launched; rm -rf "$dir"' EXIT
  set_jvm -Xshare:auto
  lock_cluster
  lay_out
  set_jvm "-XX:ArchiveClassesAtExit=$archive.new"
  launch 1
  await 1
  end_nodes TERM 1
  mv "$archive.new" "$archive"
}

# The call of Java to which a class of Kafka's and its arguments are added. Flags of the user come last: they overrule ours.
set_jvm() { jvm=("$java" "${quick[@]}" "$1" "${quiet[@]}" "${heap[@]}" -cp "$libs/*"); }

# ---- A cluster's folder

node_dir() { echo "$dir/node-$1"; }

need_cluster() { [[ -s $dir/cluster ]] || die "there is no cluster in $dir"; }

nodes() {
  local id count
  read -r id count <"$dir/cluster"
  [[ -n $id ]] && seq "$count"
}

# The cluster's file marks the folder as ours, so that --wipe never deletes anything else.
lock_cluster() {
  mkdir -p "$dir"
  [[ -e $dir/cluster || -z $(ls -A "$dir") ]] || die "$dir holds something else than a cluster"
  exec 9>>"$dir/cluster"
  flock 9
  [[ -e $dir/cluster ]] || die "$dir was wiped meanwhile"
}

unlock_cluster() { exec 9>&-; }

new_cluster_id() {
  local id
  id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=')
  echo "${id/#-/A}" # StorageTool would take a leading - for an option
}

# Each step can be repeated, so that an interrupted call is made good by the next.
lay_out() {
  local id count n
  [[ -s $dir/cluster ]] || echo "$(new_cluster_id) ${brokers:-1}" >&9
  read -r id count <"$dir/cluster"
  [[ ${brokers:-$count} == "$count" ]] || die "$dir holds a cluster of $count, not $brokers"
  for n in $(nodes); do
    mkdir -p "$(node_dir "$n")"
    [[ -s $(node_dir "$n")/ports ]] || take_ports >"$(node_dir "$n")/ports"
  done
  format_nodes "$id"
}

# Two ports that nobody listens on. Calls that come at the same time take turns at a counter, so they get different ones.
take_ports() {
  (
    flock 8
    local next taken=()
    read -r next 2>/dev/null <"$cache/kafka-port" || next=0
    while [[ ${#taken[@]} -lt 2 ]]; do
      ((next >= port_min && next < port_max)) || next=$((port_min + RANDOM % (port_max - port_min)))
      listens "$next" || taken+=("$next")
      next=$((next + 1))
    done
    echo "$next" >"$cache/kafka-port"
    echo "${taken[*]}"
  ) 8>"$cache/kafka-port.lock"
}

port() { cut -d' ' -f1 "$(node_dir "$1")/ports"; }
controller_port() { cut -d' ' -f2 "$(node_dir "$1")/ports"; }
address() { echo "127.0.0.1:$(port "$1")"; }

bootstrap() {
  local n
  for n in $(nodes); do address "$n"; done | paste -sd,
}

voters() {
  local n
  for n in $(nodes); do echo "$n@127.0.0.1:$(controller_port "$n")"; done | paste -sd,
}

# What is not said is Kafka's default: when the log is flushed, how large a message may be, how long it is kept.
settings() {
  local n=$1 count=$2
  cat <<TEXT
process.roles=broker,controller
node.id=$n
controller.quorum.voters=$(voters)
listeners=PLAINTEXT://$(address "$n"),CONTROLLER://127.0.0.1:$(controller_port "$n")
advertised.listeners=PLAINTEXT://$(address "$n")
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs=data
metric.reporters=

num.partitions=1
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0

# By default 2000 and 9000. A killed node's partitions move after the second, and it is not let in again before.
broker.heartbeat.interval.ms=1000
broker.session.timeout.ms=6000

# As many copies as there are nodes; of three, one may be down.
default.replication.factor=$count
min.insync.replicas=$((count / 2 + 1))
offsets.topic.replication.factor=$count
transaction.state.log.replication.factor=$count
transaction.state.log.min.isr=$((count / 2 + 1))
share.coordinator.state.topic.replication.factor=$count
share.coordinator.state.topic.min.isr=$((count / 2 + 1))

# A small machine. The cleaner takes its buffer at once; the default would be 128 MiB.
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
share.coordinator.state.topic.num.partitions=4
log.cleaner.dedupe.buffer.size=16777216
TEXT
}

format_nodes() {
  local n all=() formats=() format
  mapfile -t all < <(nodes)
  for n in "${all[@]}"; do
    settings "$n" "${#all[@]}" >"$(node_dir "$n")/server.properties"
    [[ -e $(node_dir "$n")/data/meta.properties ]] && continue
    format_node "$n" "$1" & # which makes it a subshell: its cd is its own
    formats+=($!)
  done
  for format in "${formats[@]}"; do
    wait "$format" || die "cannot format the storage in $dir"
  done
}

format_node() {
  cd "$(node_dir "$1")"
  "${jvm[@]}" kafka.tools.StorageTool format --ignore-formatted --cluster-id "$2" --config server.properties \
    >format.log 2>&1 9>&- && return
  tail -n 30 format.log >&2
  return 1
}

# ---- Nodes as processes

# A pid file may be older than the machine's last start: only the command line proves that the process is this node.
live_pid() {
  local pid args=()
  read -r pid 2>/dev/null <"$(node_dir "$1")/pid" || return 1
  mapfile -d '' -t args 2>/dev/null <"/proc/$pid/cmdline" || return 1
  [[ ${#args[@]} -ge 2 && ${args[-2]} == kafka.Kafka && ${args[-1]} == "$(node_dir "$1")/server.properties" ]] || return 1
  echo "$pid"
}

lives() { live_pid "$1" >/dev/null; }

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

ready() { grep -qs 'Kafka Server started' "$(node_dir "$1")/broker.log" && listens "$(port "$1")"; }

# In a session of its own, so that a terminal's Ctrl-C or hang-up does not reach it; in its folder, where log.dirs lies.
launch() {
  local folder
  folder=$(node_dir "$1")
  [[ ! -e $folder/broker.log ]] || mv "$folder/broker.log" "$folder/broker.log.old"
  (cd "$folder" && exec setsid "${jvm[@]}" kafka.Kafka "$folder/server.properties") \
    >"$folder/broker.log" 2>&1 </dev/null 9>&- &
  echo $! >"$folder/pid"
  launched+=("$1")
  disown $! # or bash would report its end
  # Until setsid has become java, the command line would not prove anything.
  until lives "$1" || ! kill -0 $! 2>/dev/null; do sleep 0.02; done
}

await() {
  local n until=$((SECONDS + ready_seconds))
  for n in "$@"; do
    until ready "$n"; do
      lives "$n" || fail "$n" "ended by itself"
      ((SECONDS < until)) || fail "$n" "was not ready within $ready_seconds s"
      sleep 0.1
    done
  done
  launched=()
}

fail() {
  tail -n 30 "$(node_dir "$1")/broker.log" >&2
  die "node $1 $2; the end of $(node_dir "$1")/broker.log is above"
}

signal() {
  local pid
  pid=$(live_pid "$2") && kill "-$1" "$pid" 2>/dev/null
}

# A killed process may hold its port for a moment longer than its command line can be read.
gone() { ! lives "$1" && ! listens "$(port "$1")"; }

await_gone() {
  local n until=$((SECONDS + stop_seconds))
  for n in "$@"; do
    until gone "$n"; do
      ((SECONDS < until)) || return 1
      sleep 0.1
    done
  done
}

# By TERM, and by KILL those that are still there after 20 s; or by KILL at once.
end_nodes() {
  local n signal=$1 ending=()
  shift
  for n in "$@"; do
    signal "$signal" "$n" && ending+=("$n")
  done
  await_gone "${ending[@]}" && return
  [[ $signal == TERM ]] || die "nodes ${ending[*]} do not end"
  say "killing what has not ended within $stop_seconds s"
  end_nodes KILL "${ending[@]}"
}

end_launched() { [[ ${#launched[@]} == 0 ]] || end_nodes KILL "${launched[@]}"; }

# ---- Commands

start_cluster() {
  local n
  lock_cluster
  [[ -z ${PATRON_KAFKA_STARTED-} ]] || echo "$dir" >>"$PATRON_KAFKA_STARTED"
  lay_out
  for n in $(nodes); do lives "$n" || launch "$n"; done
  unlock_cluster
  # shellcheck disable=SC2046 # numbers
  await $(nodes)
}

command_fetch() {
  ensure_kafka
  echo "$libs"
}

command_up() {
  local began=$SECONDS
  ensure_kafka
  trap end_launched EXIT
  start_cluster
  say "Kafka $version is up in $dir after $((SECONDS - began)) s"
  bootstrap
}

# What is deleted needs no orderly end.
command_down() {
  local all=()
  if [[ ! -e $dir/cluster ]]; then
    say "there is no cluster in $dir"
    return
  fi
  lock_cluster
  mapfile -t all < <(nodes)
  end_nodes "${wipe:-TERM}" "${all[@]}"
  [[ -z $wipe ]] || rm -rf "$dir"
}

command_status() {
  if [[ ! -s $dir/cluster ]]; then
    say "there is no cluster in $dir"
    return 3
  fi
  local n pid state code=0
  for n in $(nodes); do
    pid=$(live_pid "$n") || pid=-
    if [[ $pid != - ]] && ready "$n"; then state=up; else state=down code=3; fi
    printf '%s %s %s %s\n' "$n" "$pid" "$(address "$n")" "$state"
  done
  return $code
}

need_node() {
  need_cluster
  nodes | grep -qxF -- "${node:-none}" || die "say which node: --node $(nodes | paste -sd'|')"
}

# Only the start is under the lock: of three nodes the first is not ready before the second one runs.
command_start() {
  need_node
  ensure_kafka
  trap end_launched EXIT
  lock_cluster
  lives "$node" || launch "$node"
  unlock_cluster
  await "$node"
  address "$node"
}

command_end() {
  need_node
  end_nodes "$1" "$node"
}

command_tool() {
  need_cluster
  ensure_kafka
  exec "${jvm[@]}" "$1" --bootstrap-server "$(bootstrap)" "${rest[@]}"
}

parse() {
  while [[ $# != 0 ]]; do
    case $1 in
      --wipe) wipe=KILL ;;
      --dir | --brokers | --node)
        [[ -n ${2-} ]] || die "$1 needs a value"
        printf -v "${1#--}" %s "$2"
        shift
        ;;
      --)
        rest=("${@:2}")
        break
        ;;
      *) die "there is no option $1; see kafka.sh help" ;;
    esac
    shift
  done
  [[ ${brokers:-1} == [13] ]] || die "--brokers is 1 or 3"
  dir=$(realpath -m -- "$dir")
}

main() {
  local name=${1:-help}
  [[ $# == 0 ]] || shift
  parse "$@"
  case $name in
    fetch) command_fetch ;;
    up) command_up ;;
    down) command_down ;;
    status) command_status ;;
    bootstrap) need_cluster && bootstrap ;;
    start) command_start ;;
    stop) command_end TERM ;;
    kill) command_end KILL ;;
    topics) command_tool org.apache.kafka.tools.TopicCommand ;;
    configs) command_tool org.apache.kafka.tools.ConfigCommand ;;
    groups) command_tool org.apache.kafka.tools.consumer.group.ConsumerGroupCommand ;;
    help | -h | --help) usage ;;
    *)
      usage >&2
      die "there is no command $name"
      ;;
  esac
}

main "$@"
