# Sourced by ./run, ./test and others: `set_up ROOT` leaves ROOT/.venv with the aitrader command and
# the packages of requirements.lock, what it takes to run; `set_up ROOT .venv requirements-dev.lock`
# with all of those and what tests and training take. Whoever has more has enough, and whoever lacks
# something gets that alone. `set_up ROOT VENV LOCK` makes another environment from another lock. It
# asks for nothing but Python with venv.

say() { printf '%s\n' "$*" >&2; }

# Runs, is in range, and can make environments? pyenv's shims exist and yet fail, and Debian
# splits ensurepip off: so ask, do not look.
in_range() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' >/dev/null 2>&1
}
has_venv() { "$1" -c 'import venv, ensurepip' >/dev/null 2>&1; }

find_python() {
    without_venv=
    for candidate in python3.13 python3.12 python3.11 python3; do
        in_range "$candidate" || continue
        if has_venv "$candidate"; then
            python=$candidate
            return
        fi
        without_venv=${without_venv:-$candidate}
    done
    if [ -n "$without_venv" ]; then
        say "$without_venv cannot make virtual environments." \
            "On Debian or Ubuntu: apt-get install python3-venv"
    else
        say "aitrader needs Python 3.11, 3.12 or 3.13, and none of python3.13, python3.12," \
            "python3.11 and python3 on your PATH is one. Install one and start again."
    fi
    return 1
}

# What an environment from the lock $1 is made from; the path too, since a moved one does not work.
fingerprint() {
    printf '%s\n' "$root"
    cat "$root/$1" "$root/pyproject.toml" "$root/tools/setup.sh" | cksum
}

made_from() {
    [ -x "$venv/bin/python" ] && [ -f "$venv/stamp" ] &&
        [ "$(cat "$venv/stamp")" = "$(fingerprint "$1")" ]
}

is_current() {
    made_from "$lock" || { [ "$lock" = requirements.lock ] && made_from requirements-dev.lock; }
}

lacks_but_a_part() { [ "$lock" = requirements-dev.lock ] && made_from requirements.lock; }

# One starter sets up, the others wait. The lock belongs to the open file 9, which this shell
# shares with the Python that takes it, and ends with this shell, however that ends.
take_turn() {
    exec 9>"$venv.lock"
    "$python" -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
}

# uv itself comes from the lock too, so that pip checks its hash.
get_uv() {
    awk '/^[^ ]/ { mine = /^uv==/ } mine' "$root/$lock" >"$venv/uv.txt"
    pip_install --require-hashes -r "$venv/uv.txt" >/dev/null 2>&1
}

pip_install() {
    "$venv/bin/python" -m pip install -qq --disable-pip-version-check "$@"
}

# Packages first; then the project, by the build backend that the lock brought: nothing to fetch.
# The lock names every package, so that there is nothing to resolve, which would take most of it.
install_with() {
    "$@" --no-deps --require-hashes -r "$root/$lock" &&
        "$@" --no-deps --no-build-isolation -e "$root"
}

uv_install() { "$venv/bin/uv" pip install --quiet --python "$venv/bin/python" "$@"; }

new_environment() {
    rm -f "$venv/stamp"
    "$python" -m venv --clear "$venv"
}

install_packages() {
    if get_uv; then
        install_with uv_install && return
        say "uv could not install the packages, see above; trying pip ..."
    fi
    install_with pip_install && return
    say "The packages could not be installed: pip says why above." \
        "If a proxy or a mirror stands between you and the package index, tell pip of it."
    return 1
}

# Python compiles a package at its first import, and matplotlib looks for fonts: what the first
# leaderboard would wait for is done on what time the start leaves over.
warm_up() {
    exec nice -n 19 "$venv/bin/python" -c 'import matplotlib.font_manager' \
        </dev/null >/dev/null 2>&1
}

# Containers often forbid Python to keep what it has compiled. Then each of the dozens of processes
# of a start, or of the tests, compiles every package anew, which takes longer than all they do.
keep_bytecode() { unset PYTHONDONTWRITEBYTECODE; }

set_up() {
    keep_bytecode
    root=$1
    venv=$root/${2:-.venv}
    lock=${3:-requirements.lock}
    is_current && return
    find_python || return 1
    take_turn || return 1
    if ! is_current; then
        say "Setting up ${2:-.venv} from $lock (once, about 10 s) ..."
        lacks_but_a_part || new_environment || return 1
        rm -f "$venv/stamp"
        install_packages || return 1
        fingerprint "$lock" >"$venv/stamp.new"
        mv "$venv/stamp.new" "$venv/stamp"
        exec 9>&-
        warm_up &
        return
    fi
    exec 9>&-
}
