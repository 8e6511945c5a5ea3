# What the peers' install scripts share. Each is called as `NAME/install DIRECTORY`, installs what it needs by name, and leaves
# the program DIRECTORY/peer. Sourced by bash; the caller has `set -euo pipefail`.

. "$(dirname "${BASH_SOURCE[0]}")/../../cmake/steps.sh"

peers=$top/bench/peers
here=$(cd "$(dirname "$0")" && pwd)
peer=$(basename "$here")
directory=$1
mkdir -p "$directory"

# build_cc PACKAGE LIBRARY: from NAME.cc, with a library of a Debian package.
build_cc() {
  need g++ pkg-config "$1"
  step "build $peer" g++ -std=c++20 -O3 -DNDEBUG -Wall -Wextra -I "$peers" "$here/$peer.cc" -o "$directory/peer" "-l$2" -pthread
}

# build_java CLASS FLAG...: from CLASS.java and the packages of pom.xml; the flags are the virtual machine's.
build_java() {
  local class=$1; shift
  need openjdk-17-jdk-headless maven
  step "fetch $peer" mvn -B -q -f "$here/pom.xml" -DoutputDirectory="$directory/jars" \
    org.apache.maven.plugins:maven-dependency-plugin:2.8:copy-dependencies
  step "build $peer" javac --release 17 -cp "$directory/jars/*" -d "$directory/classes" "$peers/Peer.java" "$here/$class.java"
  {
    echo '#!/bin/sh'
    echo "exec java -Xms512m -Xmx1g -XX:+UseParallelGC $* -cp '$directory/classes:$directory/jars/*' $class"
  } >"$directory/peer"
  chmod +x "$directory/peer"
}

# need_go: sets $go to a Go that knows the toolchain line of go.mod and, where it is itself older than that, fetches the toolchain
# as it fetches any module. Debian 12 has an older one; its backports have one.
need_go() {
  local name=golang-1.23 archive
  for go in "$(command -v go || true)" /usr/local/go/bin/go "/usr/lib/go-${name#golang-}/bin/go"; do
    if "$go" version 2>/dev/null | grep -qE 'go1\.(2[1-9]|[3-9][0-9])'; then return; fi
  done
  [ "$(id -u)" = 0 ] || die "Go 1.21 or later is missing; as root run: apt-get install golang-go from bookworm-backports"
  archive=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' 'Component: main' | head -n 1)
  echo "deb $archive bookworm-backports main" >/etc/apt/sources.list.d/bookworm-backports.list
  step "package lists" apt-get update
  step "install Go" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $name-go $name-src
}
