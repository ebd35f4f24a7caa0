# shellcheck shell=bash disable=SC2034,SC2154  # for incident.sh; of the demo
story='The newest backup loses its last bytes: a copy that broke off, a disk that was full.'
rules=(BackupNotRecoverable)
about='the database cannot be restored from'
mended='The backup is whole again.'
dump=

prepare_incident() {
  local dumps=("$home"/backup/sets/2*/payments.dump*)
  dump=${dumps[-1]} # their folders are named after times
  cp --preserve=all "$dump" "$home/whole"
}

begin_incident() {
  truncate --size=-4096 "$dump"
}

end_incident() {
  cp --preserve=all "$home/whole" "$dump"
}
