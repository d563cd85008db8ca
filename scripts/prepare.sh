# shellcheck shell=bash
# What a Debian or Ubuntu machine with Rust still needs to build UU Predictor: a C++ compiler with OpenMP, libclang
# and cmake. Sourced by `./run`, `./test` and `bench/run`; where nothing is missing it looks, and changes nothing.

UU_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
UU_CMAKE_AT_LEAST=3.28

uu_say() { printf '%s\n' "$*" >&2; }

uu_fail() {
    uu_say "error: $1"
    shift
    local hint
    for hint in "$@"; do uu_say "hint: $hint"; done
    exit 2
}

# Whether version $1 is at least version $2.
uu_at_least() { [[ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" == "$2" ]]; }

# Installs Debian packages, or says which command does.
uu_install() {
    local sudo=()
    command -v apt-get >/dev/null || uu_fail "missing: $*" "install what these Debian packages hold, then start again"
    if [[ $EUID -ne 0 ]]; then
        if ! command -v sudo >/dev/null || ! sudo --non-interactive true 2>/dev/null; then
            uu_fail "missing Debian packages: $*" \
                "as root: apt-get update && apt-get install -y --no-install-recommends $*"
        fi
        sudo=(sudo --non-interactive)
    fi
    uu_say "installing Debian packages: $*"
    "${sudo[@]}" apt-get update -qq >&2
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" </dev/null >&2
}

# Installs those of these Debian packages that are not there.
uu_install_missing() {
    local missing=() package
    for package in "$@"; do
        dpkg --status "$package" 2>/dev/null | grep -q '^Status: install ok installed' || missing+=("$package")
    done
    if [[ ${#missing[@]} -gt 0 ]]; then uu_install "${missing[@]}"; fi
}

# Whether one of the files or patterns exists.
uu_any() {
    local pattern
    for pattern in "$@"; do
        if compgen -G "$pattern" >/dev/null; then return 0; fi
    done
    return 1
}

uu_has_compiler() {
    command -v g++ >/dev/null && command -v make >/dev/null && [[ "$(g++ -print-file-name=libgomp.so)" == /* ]]
}

# bindgen needs the library, and the headers of its own that come in another package.
uu_has_libclang() {
    [[ -n "${LIBCLANG_PATH:-}" ]] && return 0
    uu_any '/usr/lib/llvm-*/lib/libclang*.so*' '/usr/lib/*-linux-gnu/libclang*.so*' '/usr/lib64/libclang*.so*' '/usr/lib/libclang*.so*' &&
        uu_any '/usr/lib/llvm-*/lib/clang/*/include/stddef.h' '/usr/lib*/clang/*/include/stddef.h'
}

uu_has_venv() { python3 -c 'import ensurepip, venv' 2>/dev/null; }

# Whether the program $1 is a cmake that will do.
uu_is_cmake() {
    local version
    version="$("$1" --version 2>/dev/null | sed -n '1s/^cmake version \([0-9.]*\).*/\1/p')" || return 1
    [[ -n "$version" ]] && uu_at_least "$version" "$UU_CMAKE_AT_LEAST"
}

# Debian 12 ships cmake 3.25: `.cargo/config.toml` points at a link here, to the system's where that is new enough.
uu_prepare_cmake() {
    local link="$UU_ROOT/.tools/bin/cmake" venv="$UU_ROOT/.tools/cmake"
    if uu_is_cmake "$link" || { [[ -n "${CMAKE:-}" ]] && uu_is_cmake "$CMAKE"; }; then return 0; fi
    mkdir -p "$UU_ROOT/.tools/bin"
    if command -v cmake >/dev/null && uu_is_cmake cmake; then
        ln -sfn "$(command -v cmake)" "$link"
        return 0
    fi
    uu_say "installing cmake from PyPI into .tools/cmake, since this system has none of version $UU_CMAKE_AT_LEAST or newer"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "cmake>=$UU_CMAKE_AT_LEAST" >&2
    ln -sfn ../cmake/bin/cmake "$link"
    uu_is_cmake "$link" || uu_fail "the cmake installed in .tools/cmake does not run" "set CMAKE to one of version $UU_CMAKE_AT_LEAST or newer"
}

uu_needs_cmake() {
    ! { uu_is_cmake "$UU_ROOT/.tools/bin/cmake" || { [[ -n "${CMAKE:-}" ]] && uu_is_cmake "$CMAKE"; } || uu_is_cmake cmake; }
}

uu_prepare_rust() {
    local needed found
    if ! command -v cargo >/dev/null && [[ -x "$HOME/.cargo/bin/cargo" ]]; then PATH="$HOME/.cargo/bin:$PATH"; fi
    command -v cargo >/dev/null || uu_fail "Rust is not installed" "install it as https://rustup.rs says, then start again"
    needed="$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$UU_ROOT/Cargo.toml")"
    found="$(cd "$UU_ROOT" && rustc --version | cut -d ' ' -f 2)"
    uu_at_least "$found" "$needed" || uu_fail "Rust $needed or newer is needed, found $found" "rustup update stable"
}

# The checks of `./test` need two parts of Rust that a minimal installation leaves out.
uu_prepare_rust_checks() {
    if cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1; then return 0; fi
    command -v rustup >/dev/null || uu_fail "missing: rustfmt, clippy" "install them beside cargo, then start again"
    uu_say "installing the Rust components rustfmt and clippy"
    (cd "$UU_ROOT" && rustup component add rustfmt clippy >&2)
}

# The tests start servers of their own: a PostgreSQL, and one that speaks the S3 protocol. Where one cannot be had, its tests say that
# they are skipped; the build needs neither, so nothing stops here.
uu_prepare_test_servers() {
    local venv="$UU_ROOT/.tools/moto"
    if ! uu_any '/usr/lib/postgresql/*/bin/initdb' && [[ $EUID -eq 0 ]] && command -v apt-get >/dev/null; then
        uu_prepare_cluster
        (uu_install postgresql) || uu_say "PostgreSQL could not be installed"
    fi
    if ! uu_any '/usr/lib/*/faketime/libfaketimeMT.so.1' && [[ $EUID -eq 0 ]] && command -v apt-get >/dev/null; then
        (uu_install libfaketime) || uu_say "libfaketime, which makes a clock jump, could not be installed"
    fi
    if [[ ! -x "$venv/bin/moto_server" ]] && uu_has_venv; then
        uu_say "installing moto from PyPI into .tools/moto: a server that speaks the S3 protocol, for the tests"
        rm -rf "$venv"
        if ! { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check 'moto[server]>=5' >&2; }; then
            uu_say "moto could not be installed"
            rm -rf "$venv"
        fi
    fi
}

# Debian's package would make a database cluster and start it; the tests make their own.
uu_prepare_cluster() {
    local settings=/etc/postgresql-common/createcluster.conf
    [[ -e "$settings" ]] && return 0
    mkdir -p "${settings%/*}"
    printf 'create_main_cluster = false\n' >"$settings"
}

uu_prepare() {
    local packages=()
    uu_prepare_rust
    uu_has_compiler || packages+=(build-essential)
    uu_has_libclang || packages+=(libclang-dev)
    if uu_needs_cmake; then
        uu_has_venv || packages+=(python3-venv)
        [[ -e /etc/ssl/certs/ca-certificates.crt ]] || packages+=(ca-certificates)
    fi
    if [[ ${#packages[@]} -gt 0 ]]; then uu_install "${packages[@]}"; fi
    uu_prepare_cmake
}

# Where cargo puts what it builds.
uu_target_directory() {
    (cd "$UU_ROOT" && cargo metadata --format-version 1 --no-deps --locked) | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p'
}
