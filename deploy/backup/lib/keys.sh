# shellcheck shell=bash disable=SC2154  # variables that the parts share
# The public keys that a dump is encrypted for: there, and not about to expire. A key that expires stops the backups of
# that night, so it is told before.

key_expiry= # epoch of the first expiry of all recipients; empty where none expires

# One a line. Those of a file for age may be keys of ssh, with blanks in them: age reads it itself.
recipients() {
  local recipient
  for recipient in $PGVIGIL_BACKUP_RECIPIENTS; do printf '%s\n' "$recipient"; done
  if [[ -n $PGVIGIL_BACKUP_RECIPIENTS_FILE && $PGVIGIL_BACKUP_ENCRYPTION == gpg ]]; then
    grep -vE '^[[:space:]]*(#|$)' "$PGVIGIL_BACKUP_RECIPIENTS_FILE"
  fi
}

# The keys that a set is encrypted for, as a JSON array: whoever reads the manifests sees when they change.
recipient_list() {
  {
    [[ $PGVIGIL_BACKUP_ENCRYPTION == none ]] || recipients
    if [[ -n $PGVIGIL_BACKUP_RECIPIENTS_FILE && $PGVIGIL_BACKUP_ENCRYPTION == age ]]; then
      grep -vE '^[[:space:]]*(#|$)' "$PGVIGIL_BACKUP_RECIPIENTS_FILE"
    fi
  } | jq -Rn '[inputs] | sort'
}

# Fills `age_arguments`.
name_age_recipients() {
  local recipient
  age_arguments=()
  for recipient in $(recipients); do age_arguments+=(--recipient "$recipient"); done
  if [[ -n $PGVIGIL_BACKUP_RECIPIENTS_FILE ]]; then
    age_arguments+=(--recipients-file "$PGVIGIL_BACKUP_RECIPIENTS_FILE")
  fi
}

check_keys() {
  local recipient all until='no key expires'
  [[ $PGVIGIL_BACKUP_ENCRYPTION != none ]] || {
    say 'encryption: none'
    return 0
  }
  if [[ -n $PGVIGIL_BACKUP_RECIPIENTS_FILE && ! -r $PGVIGIL_BACKUP_RECIPIENTS_FILE ]]; then
    fail "$EXIT_CONFIG" "cannot read PGVIGIL_BACKUP_RECIPIENTS_FILE $PGVIGIL_BACKUP_RECIPIENTS_FILE"
  fi
  if [[ $PGVIGIL_BACKUP_ENCRYPTION == gpg ]]; then use_gpg_keys; fi
  mapfile -t all < <(recipients)
  [[ -n ${all[*]}$PGVIGIL_BACKUP_RECIPIENTS_FILE ]] || fail "$EXIT_CONFIG" "encryption by $PGVIGIL_BACKUP_ENCRYPTION needs a recipient" \
    'Set PGVIGIL_BACKUP_RECIPIENTS or PGVIGIL_BACKUP_RECIPIENTS_FILE; for gpg PGVIGIL_BACKUP_GPG_KEYS_FILE does, too.'
  need "$PGVIGIL_BACKUP_ENCRYPTION"
  if [[ $PGVIGIL_BACKUP_ENCRYPTION == age ]]; then
    name_age_recipients
    age "${age_arguments[@]}" </dev/null >/dev/null 2>"$work/age" ||
      fail "$EXIT_KEY" "age does not take a recipient: $(head -n 1 "$work/age")"
    say 'encryption: age; keys of age have no expiry'
    return
  fi
  for recipient in "${all[@]}"; do check_gpg_key "$recipient"; done
  if [[ -n $key_expiry ]]; then until="the first key expires $(rfc3339 "$key_expiry")"; fi
  say "encryption: gpg for ${#all[@]} recipients; $until"
}

# The key ring of the run, where the keys come in a file; all of them are recipients unless some are named.
use_gpg_keys() {
  use_own_key_ring PGVIGIL_BACKUP_GPG_KEYS_FILE
  if [[ -n $PGVIGIL_BACKUP_GPG_KEYS_FILE && -z $PGVIGIL_BACKUP_RECIPIENTS$PGVIGIL_BACKUP_RECIPIENTS_FILE ]]; then
    PGVIGIL_BACKUP_RECIPIENTS=$(keys_in_ring | tr '\n' ' ')
  fi
}

# A key can encrypt until it, or all of its encryption subkeys, have expired. In the listing with colons, field 2 is
# the validity, 7 the expiry, 12 the capabilities (doc/DETAILS of GnuPG).
check_gpg_key() { # <recipient>
  local expiry
  gpg --batch --no-tty --no-auto-key-locate --with-colons --list-keys -- "$1" >"$work/keys" 2>"$work/gpg" ||
    fail "$EXIT_KEY" "gpg knows no key $1" 'Import it for the user that runs this (GNUPGHOME says where).'
  expiry=$(awk -F: '
    $1 == "pub" { ++keys; primary = $7; if ($2 ~ /[rdi]/) revoked = 1 }
    ($1 == "pub" || $1 == "sub") && $12 ~ /e/ && $2 !~ /[rdi]/ {
      found = 1; if ($7 == "") forever = 1; else if ($7 > latest) latest = $7
    }
    END {
      if (keys > 1) { print "ambiguous"; exit }
      if (revoked || !found) { print "unusable"; exit }
      if (forever) latest = ""
      print (primary != "" && (latest == "" || primary < latest)) ? primary : latest
    }' "$work/keys")
  case $expiry in
    ambiguous) fail "$EXIT_KEY" "more than one gpg key is called $1" 'Name recipients by their whole fingerprints.' ;;
    unusable) fail "$EXIT_KEY" "the gpg key $1 is revoked or cannot encrypt" ;;
    '') return ;;
  esac
  if ((expiry <= EPOCHSECONDS)); then
    fail "$EXIT_KEY" "the gpg key $1 has expired on $(rfc3339 "$expiry")" \
      'Extend it (gpg --quick-set-expire) and import it here again, or replace the recipient.'
  fi
  if ((expiry <= EPOCHSECONDS + PGVIGIL_BACKUP_KEY_DAYS * 86400)); then
    warn "the gpg key $1 expires on $(rfc3339 "$expiry"): the backups fail from then on"
  fi
  if [[ -z $key_expiry ]] || ((expiry < key_expiry)); then key_expiry=$expiry; fi
}
