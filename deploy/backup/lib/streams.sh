# shellcheck shell=bash disable=SC2154  # variables that the parts share
# The stream of a dump: from the program that makes it through compression and encryption into a file, read back and
# summed on the way, with the status of every stage.

suffix_of_compression() {
  case $PGVIGIL_BACKUP_COMPRESSION in zstd) echo .zst ;; gzip) echo .gz ;; none) ;; esac
}

suffix_of_encryption() {
  case $PGVIGIL_BACKUP_ENCRYPTION in gpg) echo .gpg ;; age) echo .age ;; none) ;; esac
}

compress() {
  case $PGVIGIL_BACKUP_COMPRESSION in
    zstd) exec zstd --quiet --threads="$PGVIGIL_BACKUP_JOBS" "-$PGVIGIL_BACKUP_COMPRESSION_LEVEL" --stdout ;;
    gzip) exec gzip --no-name "-$PGVIGIL_BACKUP_COMPRESSION_LEVEL" --stdout ;;
    none) exec cat ;;
  esac
}

# Recipients are public keys: they may stand on a command line. The host that dumps cannot decrypt.
encrypt() {
  local arguments=() recipient
  case $PGVIGIL_BACKUP_ENCRYPTION in
    gpg)
      for recipient in $(recipients); do arguments+=(--recipient "$recipient"); done
      exec gpg --batch --no-tty --quiet --trust-model always --no-auto-key-locate --no-encrypt-to \
        --compress-algo none "${arguments[@]}" --encrypt
      ;;
    age)
      name_age_recipients
      exec age "${age_arguments[@]}"
      ;;
    none) exec cat ;;
  esac
}

# decompress <zstd|gzip|none>; decrypt <gpg|age|none>: the way back, from standard input to standard output.
decompress() {
  case $1 in zstd) exec zstd --quiet --decompress --stdout ;; gzip) exec gzip -dc ;; none) exec cat ;; *) return 1 ;; esac
}

decrypt() {
  local arguments=()
  case $1 in
    gpg)
      if [[ -n $PGVIGIL_DRILL_GPG_PASSPHRASE_FILE ]]; then
        arguments=(--pinentry-mode loopback --passphrase-file "$PGVIGIL_DRILL_GPG_PASSPHRASE_FILE")
      fi
      exec gpg --batch --no-tty --quiet "${arguments[@]}" --decrypt
      ;;
    age) exec age --decrypt --identity "$PGVIGIL_DRILL_AGE_IDENTITY" ;;
    none) exec cat ;;
    *) return 1 ;;
  esac
}

# store_stream <file> <reader> <producer> [argument...]: a job. `producer` writes the dump; `reader` reads all of it
# beside, and fails where it does not read well. Leaves in $work the last bytes of the dump (tail), its length (plain)
# and the sum of the file (sum), and `stages`: a name and a status a line.
#
# The side readers are on pipes by name, since bash has no status for a process substitution. `tee -p` goes on when one
# of them ends early: its status tells then.
store_stream() {
  local file=$1 reader=$2 producer=$3 status read_pid tail_pid plain_pid sum_pid
  rm -f -- "$work"/{pipe.*,stages,tail,plain,sum} # nothing of the file before may speak for this one
  mkfifo "$work"/pipe.{read,tail,plain,sum}
  "$reader" <"$work/pipe.read" >/dev/null 2>"$work/read.log" &
  read_pid=$!
  tail -c 1024 <"$work/pipe.tail" >"$work/tail" &
  tail_pid=$!
  wc -c <"$work/pipe.plain" >"$work/plain" &
  plain_pid=$!
  sha256sum <"$work/pipe.sum" >"$work/sum" &
  sum_pid=$!
  set +e
  "$producer" "${@:4}" 2>"$work/$producer.log" |
    tee -p "$work"/pipe.{read,tail,plain} 2>"$work/tee.log" |
    compress 2>"$work/compress.log" |
    encrypt 2>"$work/encrypt.log" |
    tee "$work/pipe.sum" 2>"$work/write.log" >"$file"
  status=("${PIPESTATUS[@]}")
  {
    printf '%s %d\n' "$producer" "${status[0]}" tee "${status[1]}" compress "${status[2]}" \
      encrypt "${status[3]}" write "${status[4]}"
    wait "$read_pid"
    printf 'read %d\n' $?
    wait "$tail_pid" && wait "$plain_pid" && wait "$sum_pid"
    printf 'sum %d\n' $?
  } >"$work/stages"
}

# check_stages <what>: fails for the stage that ended badly by itself. Where one breaks off, its neighbours fail too:
# those before it by SIGPIPE (141), the reader because the dump has no end.
check_stages() {
  local stage status culprit='' follower='' reader=''
  while read -r stage status; do
    case $stage:$status in
      *:0) ;;
      read:*) reader=$status ;;
      *:141) follower="$stage $status" ;;
      *) culprit=${culprit:-$stage $status} ;;
    esac
  done <"$work/stages"
  culprit=${culprit:-${reader:+read $reader}}
  culprit=${culprit:-$follower}
  if [[ -n $culprit ]]; then report_stage "$1" "${culprit% *}" "${culprit##* }"; fi
}

report_stage() { # <what> <stage> <status>
  local log=$work/$2.log
  if [[ -s $log ]]; then tail -n 8 "$log" | sed "s/^/$program:   /" >&2; fi
  case $2 in
    write) fail "$EXIT_SPACE" "$1: writing the file failed: $(last_line "$log" "$3")" 'Is the file system full?' ;;
    encrypt) fail "$EXIT_KEY" "$1: $PGVIGIL_BACKUP_ENCRYPTION failed: $(last_line "$log" "$3")" ;;
    read) fail "$EXIT_DAMAGED" "$1: the dump does not read back: $(last_line "$log" "$3")" ;;
    *) fail "$EXIT_FAILED" "$1: ${2//_/ } failed with status $3: $(last_line "$log" "$3")" ;;
  esac
}

last_line() { # <file> <status>
  if [[ -s $1 ]]; then
    tail -n 1 "$1"
  elif (($2 > 128)); then
    echo "it was ended by signal $(($2 - 128))"
  else
    echo 'it said nothing'
  fi
}
