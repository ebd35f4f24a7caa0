# shellcheck shell=bash
# What the two commands of the README, deploy/demo and tests/run, share: steps with their times, orderly endings,
# Debian packages, the build. To be sourced under `set -euo pipefail`; it takes over the traps of EXIT and signals,
# and goes to the root of the checkout.

cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." || exit
repository=$PWD
package_list=$repository/deploy/packages.txt
# shellcheck disable=SC2034  # used by those who source this file
postgres_bin=/usr/lib/postgresql/15/bin # Debian 12's own major

# Postgres refuses to run as root: as root, it runs as the user of Debian's package. These are arguments for setpriv,
# which (unlike su and runuser) becomes the command instead of staying its parent.
# shellcheck disable=SC2034
server_user=$(id -un)
as_server_user=()
# shellcheck disable=SC2034
if ((EUID == 0)); then
  server_user=postgres
  as_server_user=(--reuid=postgres --regid=postgres --init-groups)
fi

# Prints its arguments on stderr and exits 1.
die() {
  printf '%s\n' "$@" >&2
  exit 1
}

# The script's own output, which on_exit needs although a step, whose output goes to the log, may be under way.
exec 3>&1 4>&2

# --- steps ------------------------------------------------------------------------------------------------------

logs=         # folder of this run's logs, once open_logs has run
current_step= # name of the step under way
ticker=       # pid of the process that shows its progress
foreground=   # pid (and process group) of the command that run_interruptible waits for

# open_logs <name>: makes the folder for this run's logs. It goes when all went well, and stays after a failure.
open_logs() {
  mkdir -p "$repository/build/logs"
  logs=$(mktemp -d "$repository/build/logs/$1.XXXXXX")
  step_log=$logs/steps.log
}

close_logs() {
  rm -rf -- "$logs"
  logs=
}

# step <name> <command> [argument...]: runs the command with its output in the log, and prints the name and, at the
# end, the time it took. Nothing is caught: a failure ends the script, and on_exit tells of it.
step() {
  local began=${EPOCHREALTIME/[.,]/} tenths
  current_step=$1
  printf '%-52s' "$current_step"
  show_progress
  "${@:2}" >>"$step_log" 2>&1
  hide_progress
  tenths=$(((${EPOCHREALTIME/[.,]/} - began + 50000) / 100000))
  printf '%6d.%d s\n' $((tenths / 10)) $((tenths % 10))
  current_step=
}

# On a terminal, shows beside the step's name the seconds so far and the last line of the log.
show_progress() {
  [[ -t 1 ]] || return 0
  local began=$SECONDS room=$((${COLUMNS:-80} - 64))
  while sleep 1 && kill -0 $$ 2>/dev/null; do
    printf '\r%-52s%6d s  %.*s\e[K' "$current_step" $((SECONDS - began)) \
      $((room > 0 ? room : 0)) "$(tail -n 1 "$step_log" | tr -cd '[:print:]')"
  done &
  ticker=$!
}

hide_progress() {
  [[ -n $ticker ]] || return 0
  kill "$ticker" 2>/dev/null || true
  wait "$ticker" 2>/dev/null || true
  ticker=
  printf '\r%-52s\e[K' "$current_step"
}

# Runs a command that may take long so that a signal ends it at once: bash runs a trap only between two commands,
# but `wait` returns for it. The command leads a process group, which on_exit ends as a whole.
run_interruptible() {
  local status=0
  setsid "$@" &
  foreground=$!
  wait "$foreground" || status=$?
  foreground=
  return "$status"
}

# --- endings ----------------------------------------------------------------------------------------------------

exit_action= # a function that removes what the script made
interrupted= # the signal that ended the script

# Every way out of the script leads here: success, failure, Ctrl-C, SIGTERM, a closed terminal.
on_exit() {
  local status=$?
  trap '' INT TERM HUP
  trap - EXIT
  set +e
  exec >&3 2>&4
  if [[ -n $foreground ]]; then
    kill -TERM -- "-$foreground" 2>/dev/null
    wait "$foreground" 2>/dev/null
  fi
  if [[ -n $current_step ]]; then report_unfinished_step "$status"; fi
  if [[ -n $exit_action ]]; then "$exit_action"; fi
  if ((status != 0)) && [[ -n $logs && -s $step_log && -z $interrupted ]]; then
    echo "the logs are in $logs" >&2
  elif [[ -n $logs ]]; then
    close_logs
  fi
  exit "$status"
}

report_unfinished_step() { # <exit status>
  hide_progress
  if [[ -n $interrupted ]]; then
    echo " $interrupted"
    return
  fi
  echo " FAILED (status $1)"
  echo "the last lines of $step_log:" >&2
  tail -n 30 "$step_log" | sed 's/^/    /' >&2
}

trap on_exit EXIT
trap 'interrupted=SIGHUP; exit 129' HUP
trap 'interrupted=SIGINT; exit 130' INT
trap 'interrupted=SIGTERM; exit 143' TERM

# --- packages ---------------------------------------------------------------------------------------------------

# packages_of <set>...: the lines `package [command]` of these sets.
packages_of() {
  awk -v sets=" $* " '{ sub(/#.*/, "") } NF && index(sets, " " $1 " ") { print $2, $3 }' "$package_list"
}

# missing_packages <set>...: those that are not installed and that no command stands in for.
missing_packages() {
  local package command installed
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n')
  packages_of "$@" | while read -r package command; do
    grep -qxF "installed $package" <<<"$installed" && continue
    [[ -n $command ]] && command -v "$command" >/dev/null && continue
    echo "$package"
  done
}

# The step that installs what is missing of the sets: require_packages <set>...
# Where nothing is missing it needs neither rights nor a network.
require_packages() {
  local missing
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    die "this system has no apt-get: the packages of $package_list are those of Debian 12"
  fi
  missing=$(missing_packages "$@")
  if [[ -n $missing ]] && ! may_install; then
    die "installing packages takes root or sudo; as root, run:" \
      "  apt-get install --no-install-recommends ${missing//$'\n'/ }"
  fi
  # shellcheck disable=SC2086  # a word is a package
  step "${missing:+install }packages: $(wc -w <<<"$missing") missing" install_packages $missing
}

# Asks for the password where sudo needs one: a step could not.
may_install() {
  ((EUID == 0)) || { command -v sudo >/dev/null && sudo -v; }
}

# install_packages [package...]
install_packages() {
  (($#)) || return 0
  echo "to install: $*"
  as_root apt-get -q update
  as_root apt-get -q -y -o DPkg::Lock::Timeout=300 --no-install-recommends install "$@"
}

# As root or by sudo. Debian starts the services of the packages it installs, and this project wants the programs
# only. The usual brake, a /usr/sbin/policy-rc.d, belongs to the machine, and a kill would leave it behind; these two
# variables end with the command: under the first, systemctl starts nothing; by the second, invoke-rc.d sees
# single-user mode, where nothing is started under sysvinit. (With no init at all, invoke-rc.d starts nothing anyway.)
# What Debian enables for the next boot stays enabled.
as_root() {
  local sudo=()
  ((EUID == 0)) || sudo=(sudo --)
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive SYSTEMD_OFFLINE=1 RUNLEVEL=1 PREVLEVEL=N "$@"
}

# --- build ------------------------------------------------------------------------------------------------------

# cmake, one at a time in this checkout: two demos may start at once.
locked_cmake() {
  run_interruptible flock "$repository/build/lock" cmake "$@"
}

# configure <preset>. Uses ccache where there is one. Its cache lies in the build folder unless CCACHE_DIR says
# otherwise, so that nothing outside the checkout is written.
configure() {
  if command -v ccache >/dev/null; then
    export CMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER-ccache}
    export CCACHE_DIR=${CCACHE_DIR:-$repository/build/ccache}
  fi
  locked_cmake --preset "$1"
}

# build <preset> [target...]
build() {
  locked_cmake --build --preset "$1" ${2:+--target "${@:2}"}
}
