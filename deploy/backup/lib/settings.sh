# shellcheck shell=bash disable=SC2034,SC2154  # variables that the parts share
# Settings: from the environment, else from a file of NAME=value lines, else the default. The file is read, not
# executed: it is the format of systemd's EnvironmentFile, of `docker --env-file` and of a mounted ConfigMap.

# name and default of each; `-` means none. backup.env.example says what they mean.
readonly SETTINGS=(
  PGVIGIL_BACKUP_DIR /var/lib/pgvigil/backups
  PGVIGIL_BACKUP_TOOL dump
  PGVIGIL_BACKUP_UMASK 077
  PGVIGIL_RUN_AS -
  PGVIGIL_PG_BIN -
  PGVIGIL_METRICS_DIR -
  PGVIGIL_NOTIFY_COMMAND -
  PGVIGIL_BACKUP_FORMAT custom
  PGVIGIL_BACKUP_JOBS 1
  PGVIGIL_BACKUP_COMPRESSION zstd
  PGVIGIL_BACKUP_COMPRESSION_LEVEL 3
  PGVIGIL_BACKUP_ENCRYPTION none
  PGVIGIL_BACKUP_RECIPIENTS -
  PGVIGIL_BACKUP_RECIPIENTS_FILE -
  PGVIGIL_BACKUP_GPG_KEYS_FILE -
  PGVIGIL_BACKUP_KEY_DAYS 30
  PGVIGIL_BACKUP_DATABASES -
  PGVIGIL_BACKUP_EXCLUDE -
  PGVIGIL_BACKUP_MAINTENANCE_DATABASE postgres
  PGVIGIL_BACKUP_ROLE_PASSWORDS yes
  PGVIGIL_BACKUP_LOCK_WAIT 60s
  PGVIGIL_BACKUP_SAMPLE_TABLES 20
  PGVIGIL_BACKUP_SAMPLE_BYTES 268435456
  PGVIGIL_BACKUP_SPACE_CHECK yes
  PGVIGIL_BACKUP_KEEP_DAILY 7
  PGVIGIL_BACKUP_KEEP_WEEKLY 4
  PGVIGIL_BACKUP_KEEP_MONTHLY 12
  PGVIGIL_BACKUP_KEEP_YEARLY 3
  PGVIGIL_BACKUP_KEEP_LAST 3
  PGVIGIL_BACKUP_STANZA -
  PGVIGIL_BACKUP_REPO -
  PGVIGIL_BACKUP_FULL_DAYS 7
  PGVIGIL_BACKUP_DIFF_DAYS 1
  PGVIGIL_BACKUP_AFTER check
  PGVIGIL_DRILL_DIR -
  PGVIGIL_DRILL_SCRATCH /var/tmp
  PGVIGIL_DRILL_JOBS 1
  PGVIGIL_DRILL_NICE 10
  PGVIGIL_DRILL_AGE_IDENTITY -
  PGVIGIL_DRILL_GPG_KEY_FILE -
  PGVIGIL_DRILL_GPG_PASSPHRASE_FILE -
  PGVIGIL_DRILL_OPTIONS -
  PGVIGIL_DRILL_SUPERUSER postgres
  PGVIGIL_DRILL_SOURCE -
  PGVIGIL_DRILL_TOLERANCE 10
  PGVIGIL_DRILL_ANNOTATE yes
  PGVIGIL_DRILL_KEEP_RESULTS 100
  PGVIGIL_PRE_MIGRATION_MAX_AGE 24h
)

# load_settings <file, or nothing for the usual place>
load_settings() {
  local file=$1 i
  if [[ -z $file && -r /etc/pgvigil/backup.env ]]; then file=/etc/pgvigil/backup.env; fi
  if [[ -n $file ]]; then read_settings_file "$file"; fi
  for ((i = 0; i < ${#SETTINGS[@]}; i += 2)); do
    if [[ -z ${!SETTINGS[i]-} ]]; then printf -v "${SETTINGS[i]}" %s "${SETTINGS[i + 1]#-}"; fi
  done
  refuse_unknown_settings
  check_settings
  PGVIGIL_DRILL_DIR=${PGVIGIL_DRILL_DIR:-$PGVIGIL_BACKUP_DIR/drills}
}

read_settings_file() {
  local file=$1 line name value number=0
  [[ -r $file ]] || fail "$EXIT_CONFIG" "cannot read the settings file $file"
  if [[ -n $(find -L "$file" -maxdepth 0 -type f -perm /022) ]]; then
    fail "$EXIT_CONFIG" "$file may be written by others than its owner" "chmod go-w $file"
  fi
  # It says which programs are run.
  if [[ -z $(find -L "$file" -maxdepth 0 \( ! -type f -o -user 0 -o -user "$EUID" \)) ]]; then
    fail "$EXIT_CONFIG" "$file belongs to another user than $(id -un) and root" "chown $(id -un) $file"
  fi
  while IFS= read -r line || [[ -n $line ]]; do
    number=$((number + 1)) line=${line%$'\r'}
    [[ $line =~ ^[[:space:]]*($|#) ]] && continue
    [[ $line =~ ^[[:space:]]*([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]] ||
      fail "$EXIT_CONFIG" "$file:$number: expected NAME=value"
    name=${BASH_REMATCH[1]} value=${BASH_REMATCH[2]}
    [[ $name =~ ^(PGVIGIL_|PG[A-Z]+$|PGBACKREST_|GNUPGHOME$|TMPDIR$|PATH$) ]] ||
      fail "$EXIT_CONFIG" "$file:$number: $name is no setting of these scripts, of libpq, gpg or pgBackRest"
    [[ $value =~ ^\"(.*)\"[[:space:]]*$ || $value =~ ^\'(.*)\'[[:space:]]*$ ]] && value=${BASH_REMATCH[1]}
    # The environment wins over the file.
    if [[ -z ${!name+set} || $name == PATH ]]; then export "$name=$value"; fi
  done <"$file"
}

# A mistyped name would be a default in silence.
refuse_unknown_settings() {
  local name
  for name in "${!PGVIGIL_BACKUP_@}" "${!PGVIGIL_DRILL_@}" "${!PGVIGIL_PRE_MIGRATION_@}"; do
    ! is_listed "$name" "${SETTINGS[*]}" || continue
    fail "$EXIT_CONFIG" "there is no setting $name" "The settings are listed in backup.env.example."
  done
}

check_settings() {
  one_of PGVIGIL_BACKUP_TOOL dump pgbackrest
  one_of PGVIGIL_BACKUP_FORMAT custom directory
  one_of PGVIGIL_BACKUP_COMPRESSION zstd gzip none
  one_of PGVIGIL_BACKUP_ENCRYPTION gpg age none
  one_of PGVIGIL_BACKUP_ROLE_PASSWORDS yes no
  one_of PGVIGIL_BACKUP_SPACE_CHECK yes no
  one_of PGVIGIL_BACKUP_AFTER check verify none
  one_of PGVIGIL_DRILL_ANNOTATE yes no
  local name
  for name in "${!PGVIGIL_BACKUP_KEEP_@}" PGVIGIL_BACKUP_KEY_DAYS PGVIGIL_BACKUP_SAMPLE_TABLES \
    PGVIGIL_BACKUP_SAMPLE_BYTES PGVIGIL_BACKUP_COMPRESSION_LEVEL PGVIGIL_BACKUP_FULL_DAYS \
    PGVIGIL_BACKUP_DIFF_DAYS PGVIGIL_DRILL_TOLERANCE PGVIGIL_DRILL_NICE PGVIGIL_DRILL_KEEP_RESULTS; do
    whole_number "$name" 0
  done
  for name in PGVIGIL_BACKUP_KEEP_LAST PGVIGIL_BACKUP_JOBS PGVIGIL_DRILL_JOBS; do whole_number "$name" 1; done
  [[ $PGVIGIL_BACKUP_UMASK =~ ^0?[0-7][0-7][0-7]$ ]] ||
    fail "$EXIT_CONFIG" "PGVIGIL_BACKUP_UMASK is '$PGVIGIL_BACKUP_UMASK': expected three octal digits such as 027"
  umask "$PGVIGIL_BACKUP_UMASK"
  if [[ $PGVIGIL_BACKUP_TOOL == pgbackrest && -z $PGVIGIL_BACKUP_STANZA ]]; then
    fail "$EXIT_CONFIG" 'PGVIGIL_BACKUP_STANZA is not set: pgBackRest needs the name of its stanza'
  fi
}

one_of() { # <setting> <value>...
  is_listed "${!1}" "${*:2}" || fail "$EXIT_CONFIG" "$1 is '${!1}': expected one of ${*:2}"
}

whole_number() { # <setting> <least>
  if [[ ! ${!1} =~ ^[0-9]{1,15}$ ]] || ((10#${!1} < $2)); then
    fail "$EXIT_CONFIG" "$1 is '${!1}': expected a whole number from $2 on"
  fi
  printf -v "$1" %d "$((10#${!1}))" # 08 is a number to people, and none to bash
}

# seconds_of <setting>: `90`, `15m`, `24h`, `7d` as seconds.
seconds_of() {
  local -A factor=([s]=1 [m]=60 [h]=3600 [d]=86400)
  [[ ${!1} =~ ^([0-9]{1,9})([smhd]?)$ ]] || fail "$EXIT_CONFIG" "$1 is '${!1}': expected a duration such as 90m or 24h"
  echo $((10#${BASH_REMATCH[1]} * ${factor[${BASH_REMATCH[2]:-s}]}))
}

# parse_common <argument>...: the options that all three have. Sets `config` and `arguments` (what is left).
parse_common() {
  config=${PGVIGIL_BACKUP_CONFIG:-} arguments=()
  unset PGVIGIL_BACKUP_CONFIG
  while (($#)); do
    case $1 in
      -h | --help)
        usage
        exit 0
        ;;
      --config)
        (($# > 1)) || wrong_usage '--config needs a file'
        config=$2
        shift
        ;;
      --config=*) config=${1#--config=} ;;
      *) arguments+=("$1") ;;
    esac
    shift
  done
}

wrong_usage() {
  printf '%s: %s\n\n' "$program" "$1" >&2
  usage >&2
  exit "$EXIT_USAGE"
}
