# shellcheck shell=bash disable=SC2154  # variables that the parts share
# What the three backup scripts share: exit codes, messages, orderly endings, jobs that end with the script, the lock.
# To be sourced under `set -euo pipefail`; it takes over the traps of EXIT and signals.

# Exit codes, the same in all three (docs/backup-scripts.md lists them for users). Numbers from 64 on are those of
# sysexits.h.
# shellcheck disable=SC2034  # used by those who source this file
readonly EXIT_FAILED=1 EXIT_USAGE=2 EXIT_REFUSED=3 EXIT_KEY=65 EXIT_NO_BACKUP=66 EXIT_UNAVAILABLE=69 \
  EXIT_DAMAGED=70 EXIT_SPACE=73 EXIT_LOCKED=75 EXIT_CONFIG=78

program=${0##*/}
if ((BASH_VERSINFO[0] < 5)); then
  echo "$program: error: bash $BASH_VERSION runs this, and 5.0 or later is needed" >&2
  exit "$EXIT_UNAVAILABLE"
fi
began=$EPOCHSECONDS
work=      # this run's own folder for what passes between its processes; gone when it ends
job=       # process group of the job under way
job_pid=   # process of run_job's function
outcome=   # a sentence for the metrics and the notification
on_ending= # a function that is called once with the exit status, whatever that is

umask 077 # until the settings are read
export LC_ALL=C

# say <text>...: progress, a line each, on stderr. Names of databases are anybody's: nothing in them moves a terminal.
say() {
  printf "$program: %s\n" "${@//[[:cntrl:]]/?}" >&2
}

# fail <exit code> <message> [hint]: ends the script. In a subshell it ends that one; the message still reaches
# the ending.
fail() {
  say "error: $2" ${3:+"hint: $3"}
  if [[ -n $work ]]; then printf '%s' "$2" >"$work/why"; fi
  exit "$1"
}

warn() {
  say "warning: $1"
}

# The script begins: its folder and its traps.
begin_run() {
  trap end_run EXIT
  trap 'outcome="interrupted by SIGHUP"; exit 129' HUP
  trap 'outcome="interrupted by SIGINT"; exit 130' INT
  trap 'outcome="interrupted by SIGTERM"; exit 143' TERM
  work=$(mktemp -d "${TMPDIR:-/tmp}/$program.XXXXXX")
}

# Every way out leads here but a SIGKILL, after which follow_script ends the jobs and the next run sweeps the rest.
end_run() {
  local status=$?
  trap '' INT TERM HUP
  trap - EXIT
  set +e
  end_job
  if [[ -z $outcome && -s $work/why ]]; then outcome=$(<"$work/why"); fi
  if [[ -n $on_ending ]]; then "$on_ending" "$status"; fi
  rm -rf -- "$work"
  exit "$status"
}

# --- jobs -------------------------------------------------------------------------------------------------------

# run_job <function> [argument...]: runs it in a process group of its own and waits so that a signal to the script
# is heard at once: bash runs a trap only between two commands, but `wait` returns for it. The function's status
# comes back; `set -e` holds inside it unless the call stands in a condition.
run_job() {
  local status=0
  set -m
  follow_script "$@" </dev/null &
  job_pid=$! job=$!
  set +m
  wait "$job_pid" || status=$?
  job=
  return "$status"
}

# The job, with a watcher that ends its process group when the script was killed outright.
follow_script() {
  local group=$BASHPID watcher status=0
  (
    exec >/dev/null 2>&1
    drop_locks # its last sleep outlives the job
    while grep -q "^PPid:[[:space:]]*$$\$" "/proc/$group/status"; do sleep 0.5; done
    kill -TERM -- "-$group"
  ) &
  watcher=$!
  "$@" || status=$?
  kill "$watcher" 2>/dev/null || true
  return "$status"
}

end_job() {
  [[ -n $job ]] || return 0
  kill -TERM -- "-$job" 2>/dev/null
  wait "$job_pid" 2>/dev/null
  job=
}

# --- small things -----------------------------------------------------------------------------------------------

# now: this moment as RFC 3339, in UTC; rfc3339 <epoch>: that one.
now() { rfc3339 "$EPOCHSECONDS"; }
rfc3339() { date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ; }
epoch_of() { date -u -d "$1" +%s; }

# The name of a set or a result: UTC, so that no daylight saving makes two of one or reorders them.
stamp() { date -u +%Y%m%dT%H%M%SZ; }

# A stamp's glob, and the moment it names as an epoch.
readonly STAMPS='[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]T[0-9][0-9][0-9][0-9][0-9][0-9]Z'
stamp_epoch() {
  epoch_of "${1:0:4}-${1:4:2}-${1:6:2}T${1:9:2}:${1:11:2}:${1:13:2}Z"
}

human_bytes() { numfmt --to=iec-i --suffix=B "$1"; }

free_bytes() { df --output=avail -B1 -- "$1" | tail -n 1; }

# is_listed <word> <words with blanks between>: whole words count, so a name with a blank in it is no two of them.
is_listed() {
  local word words
  read -r -d '' -a words <<<"$2" || true # there is no NUL: it reads to the end
  for word in "${words[@]}"; do [[ $word != "$1" ]] || return 0; done
  return 1
}

# need <command> [hint]
need() {
  command -v "$1" >/dev/null || fail "$EXIT_UNAVAILABLE" "$1 was not found in PATH" "${2:-Install it on this host.}"
}

# What comes from a server or a file is a number before bash calculates with it: in an arithmetic expression a text may run
# commands.
is_number() { [[ $1 =~ ^[0-9]{1,18}$ ]]; }

# write_atomically <path>: what comes on standard input becomes the file at once, or not at all. Readable by all: what
# the scripts tell others (metrics, results) holds nothing of the database.
write_atomically() {
  local path=$1 draft
  draft=$(mktemp "$path.XXXXXX") || return 1
  if cat >"$draft" && chmod 0644 "$draft" && mv -f -T -- "$draft" "$path"; then return 0; fi
  rm -f -- "$draft"
  return 1
}

# take_lock <file>: one run at a time. The kernel drops the lock with the last process of the run that holds it, so
# that a killed run, whose pg_dump still goes, keeps it until that has ended too.
take_lock() {
  [[ ! -e $1 || -w $1 ]] || fail "$EXIT_SPACE" "user $(id -un) may not write the lock $1" \
    'Another user has run this there before: remove the lock, or run it as that user (PGVIGIL_RUN_AS).'
  exec {lock}>>"$1"
  flock -n "$lock" || fail "$EXIT_LOCKED" "another run holds the lock $1" "Wait for it, or see who it is: fuser $1"
}

# For processes that may outlive the run.
drop_locks() {
  if [[ -n ${lock-} ]]; then exec {lock}>&-; fi
  if [[ -n ${scratch_lock-} ]]; then exec {scratch_lock}>&-; fi
}

# As root, goes on as this user (with all arguments): Postgres and pgBackRest refuse root.
become() { # <user> <argument>...
  local user=$1 home
  ((EUID == 0)) && [[ $user != root ]] || return 0
  home=$(getent passwd "$user" | cut -d: -f6)
  [[ -n $home ]] || fail "$EXIT_CONFIG" "PGVIGIL_RUN_AS: there is no user $user on this host"
  need setpriv
  cd /
  HOME=$home USER=$user LOGNAME=$user exec setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups -- \
    "$BASH" "$script" "${@:2}"
}
