# shellcheck shell=bash disable=SC2154  # variables that the parts share
# A key ring of gpg for one run, of the keys in a file: for who has none and no home that may be written, as in a container
# whose keys come from a Secret.

# use_own_key_ring <setting>: of the keys in the file that this setting names; nothing where it names none.
use_own_key_ring() {
  local file=${!1}
  [[ -n $file ]] || return 0
  [[ -r $file ]] || fail "$EXIT_CONFIG" "cannot read $1 $file"
  need gpg
  export GNUPGHOME=$work/gnupg # short enough for the socket of gpg-agent
  mkdir -m 0700 "$GNUPGHOME"
  gpg --batch --no-tty --quiet --import -- "$file" </dev/null 2>"$work/gpg" ||
    fail "$EXIT_KEY" "gpg takes no key from $1 $file: $(tail -n 1 "$work/gpg")" 'Expected is what gpg --export or --export-secret-keys gives.'
}

# Fingerprints of all keys in the ring, one a line.
keys_in_ring() {
  gpg --batch --no-tty --with-colons --list-keys 2>/dev/null | awk -F: '$1 == "pub" { key = 1 } $1 == "fpr" && key { print $10; key = 0 }'
}

# The agent that holds secret keys would outlive the run.
drop_own_key_ring() {
  if [[ -d $work/gnupg ]]; then gpgconf --homedir "$work/gnupg" --kill all >/dev/null 2>&1 || true; fi
}
