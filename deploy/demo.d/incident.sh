# shellcheck shell=bash disable=SC2034,SC2154  # variables of deploy/demo, lib.sh and the incidents
# `deploy/demo incident NAME`: finds the demo that runs, breaks something in it, shows what a person is told, mends it,
# and shows what they are told then. Sourced by deploy/demo.
#
# An incident is a file in incidents/. It sets `story` (what happens), `rules` (those that see it), `about` (what the
# message says, a regular expression) and `mended` (how it ends), and has begin_incident and end_incident. Where it needs
# more: prepare_incident before all, and clean_incident at the end, whatever happened.

message_limit=120 # seconds that a message may take
incident_for=5    # seconds that a rule waits here
begun=            # begin_incident has run, and end_incident has not

prepare_incident() { :; }
clean_incident() { :; }

# Lets incidents find this demo.
leave_address() {
  local demo_pid=$$ name
  for name in demo_pid home postgres_port pgvigil_port sink_port pgvigil_url; do
    printf '%s=%q\n' "$name" "${!name}"
  done >"$home/address"
}

# Takes over the address of the demo in $PGVIGIL_DEMO, else of the youngest of this user that runs.
find_demo() {
  local address youngest='' demos=("${TMPDIR:-/tmp}"/pgvigil-demo.*)
  if [[ -n ${PGVIGIL_DEMO-} ]]; then demos=("$PGVIGIL_DEMO"); fi
  for address in "${demos[@]/%//address}"; do
    [[ -O $address ]] || continue
    kill -0 "$(sed -n 's/^demo_pid=//p' "$address")" 2>/dev/null || continue
    if [[ -z $youngest || $address -nt $youngest ]]; then youngest=$address; fi
  done
  [[ -n $youngest ]] || die 'no demo runs: start one with deploy/demo, wait until it says so, and try again'
  # shellcheck source=/dev/null
  . "$youngest"
}

run_incident() {
  # shellcheck source=/dev/null
  . "$parts/incidents/$incident.sh"
  find_demo
  exec {incident_lock}>"$home/incident.lock"
  flock --nonblock "$incident_lock" || die 'an incident is under way in this demo: wait for its end'
  open_logs incident
  exit_action=leave_incident
  printf '%s\n' "$story"
  tell_of_rules
  step 'prepare' prepare
  already_shown=$(wc -l <"$home/messages")
  begun=yes
  step 'begin' begin_incident
  step 'until somebody is told' wait_until "$message_limit" was_told FIRING
  show_messages
  printf '%s\n' "$mended"
  step 'end' end
  step 'until somebody is told' wait_until "$message_limit" was_told RESOLVED
  show_messages
}

prepare() {
  prepare_incident
  write_overrides >"$home/rules.d/incident.toml"
  get --request POST "$pgvigil_url/-/reload"
}

end() {
  begun=
  end_incident
}

leave_incident() {
  step 'put everything back' put_back
}

put_back() {
  if [[ -n $begun ]]; then end; fi
  rm -f "$home/rules.d/incident.toml"
  get --request POST "$pgvigil_url/-/reload"
  clean_incident
  stop_services
}

# The rules of the packs, with less patience.
write_overrides() {
  printf '\n[override.%s]\nenabled = true\nfor = "'"$incident_for"'s"\n' "${rules[@]}"
}

tell_of_rules() {
  local rule seconds
  for rule in "${rules[@]}"; do
    seconds=$(get "$pgvigil_url/api/v1/rules" |
      jq --arg rule "$rule" '[.data.groups[].rules[] | select(.name == $rule) | .duration][0] // empty')
    echo "Rule $rule: fires after $incident_for s here; as it ships, $([[ -n $seconds ]] && echo "after $seconds s" || echo 'only when it is switched on')."
  done
}

new_messages() {
  tail -n "+$((already_shown + 1))" "$home/messages"
}

# was_told <FIRING|RESOLVED>: whether a message that is not shown yet says so about this incident.
was_told() {
  new_messages | jq --exit-status --slurp --arg mark "^\\[$1" --arg about "$about" \
    'any(.[].text; test($mark) and test($about))'
}

show_messages() {
  local count
  count=$(new_messages | wc -l)
  new_messages | head -n "$count" | python3 "$parts/slack_show"
  already_shown=$((already_shown + count))
}
