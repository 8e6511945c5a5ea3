# What test/run, examples/run, bench/run and .ci/run share: install what is missing, and take each step as one line with its
# time, its output kept aside unless it fails. Sourced by bash; the caller has `set -euo pipefail`.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
logs=$top/build/logs

build_packages=(g++ cmake ninja-build pkg-config libabsl-dev liblz4-dev libsnappy-dev libzstd-dev zlib1g-dev)
test_packages=(catch2 ccache clang clang-format-14 libbenchmark-dev libclang-rt-14-dev valgrind)
bench_packages=(libbenchmark-dev)
tidy_packages=(clang-tidy-14)
interop_packages=(openjdk-17-jdk-headless maven)

# Objects are found again in another clone of the same source.
export CCACHE_BASEDIR=$top CCACHE_NOHASHDIR=1

die() { echo "$*" >&2; exit 1; }

# step WHAT COMMAND...: one line; the output goes to build/logs, and its end to the terminal if the command fails.
step() {
  local what=$1 log started=$SECONDS; shift
  log=$logs/${what//[^a-zA-Z0-9]/_}.log
  mkdir -p "$logs"
  printf '%-58s ' "$what"
  if "$@" >"$log" 2>&1 </dev/null; then
    printf '%5d s\n' $((SECONDS - started))
  else
    printf 'FAILED\n'
    # Ninja's own lines about what went well say nothing; compilers' do.
    { grep -vE '^\[[0-9]+/[0-9]+\] (Building|Linking|Automatic)' "$log" || true; } | tail -n 80 >&2
    die "failed: $what (all of its output: $log)"
  fi
}

# need PACKAGE...: installs the Debian packages that are missing. Touches no network when nothing is missing.
need() {
  command -v dpkg-query >/dev/null || return 0  # not Debian: the configure step says what is missing
  local package missing=() as_root=()
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "these packages are missing; as root run: apt-get install ${missing[*]}"
    sudo -v || die "these packages are missing and sudo refused; as root run: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  echo "missing: ${missing[*]}"
  step "package lists" "${as_root[@]}" apt-get update
  step "install ${#missing[@]} packages" "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends "${missing[@]}"
}

# configure PRESET [OPTION...]
configure() {
  local preset=$1; shift
  step "configure $preset" cmake -S "$top" --preset "$preset" "$@"
}

# Set by a caller that builds for ThreadSanitizer, which of this age does not know the address layout of newer kernels.
same_addresses=()

# build DIRECTORY TARGET...: the directory is the one below build/.
build() {
  local directory=$1; shift
  step "build $directory" "${same_addresses[@]}" cmake --build "$top/build/$directory" --target "$@"
}
