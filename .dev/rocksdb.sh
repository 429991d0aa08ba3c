# RocksDB is nine tenths of a cold build. Its static library is built once, apart from cargo's target folder, and named to
# every later build by the variables that librocksdb-sys reads. Without them an ordinary cargo build compiles it from source.
# shellcheck shell=bash

rocksdb_version() {
  awk '/^name = "librocksdb-sys"$/ { getline; gsub(/"/, "", $3); print $3; exit }' "$root/Cargo.lock"
}

# Everything that the library's bytes depend on beside its sources.
rocksdb_flavour() {
  local compiler=${CXX:-c++}
  "$compiler" -dumpmachine
  "$compiler" -dumpfullversion -dumpversion
  grep '^rocksdb = ' "$root/Cargo.toml"
  echo "$(rocksdb_cxxflags) ${RUSTFLAGS-}"
}

# Every byte of RocksDB's log is summed by CRC32C: without the instructions for it, which x86 has had since about 2011, that is a
# thirtieth of the projector's time. Taken where this machine has them; the caller's own flags come after them.
rocksdb_cxxflags() {
  local flags= instructions
  instructions=$(grep -m 1 '^flags' /proc/cpuinfo 2>/dev/null) || true
  [[ " $instructions " != *" sse4_2 "* || " $instructions " != *" pclmulqdq "* ]] || flags=" -msse4.2 -mpclmul"
  echo "$flags${CXXFLAGS:+ $CXXFLAGS}"
}

ensure_rocksdb() {
  [[ -z ${ROCKSDB_LIB_DIR-} ]] || return 0
  local version kept
  version=$(rocksdb_version)
  [[ -n $version ]] || die "Cargo.lock names no librocksdb-sys"
  kept=$cache/rocksdb-$version-$(rocksdb_flavour | cksum | cut -d' ' -f1)
  [[ -d $kept ]] || build_rocksdb_alone "$kept"
  export ROCKSDB_LIB_DIR=$kept/lib ROCKSDB_INCLUDE_DIR=$kept/include ROCKSDB_STATIC=1
}

# A second ./dev that comes meanwhile waits for the first instead of building too.
build_rocksdb_alone() {
  mkdir -p "$cache"
  (
    flock 9
    [[ -d $1 ]] || build_rocksdb "$1"
  ) 9>"$cache/rocksdb.lock"
}

# The last step is one rename: an interrupted build leaves nothing that could be taken for a library.
build_rocksdb() {
  local kept=$1 work=$cache/rocksdb-build began=$SECONDS sources library
  say "RocksDB is built once, about 12 minutes on 2 cores ($(nproc) here); kept in $kept"
  rm -rf "$work"
  # Line tables in the C++ would make the library ten times as large.
  in_root env CARGO_TARGET_DIR="$work" CARGO_PROFILE_RELEASE_DEBUG=false CXXFLAGS="$(rocksdb_cxxflags)" cargo build --release -p librocksdb-sys
  library=$(find "$work/release/build" -name librocksdb.a)
  sources=$(sed -n 's/^cargo:cargo_manifest_dir=//p' "$work"/release/build/librocksdb-sys-*/output)
  mkdir -p "$work/kept/lib"
  cp "$library" "$work/kept/lib/"
  cp -r "$sources/rocksdb/include" "$work/kept/include"
  mv "$work/kept" "$kept"
  rm -rf "$work"
  say "RocksDB built in $(duration $((SECONDS - began)))"
}
