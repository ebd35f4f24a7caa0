# shellcheck shell=bash disable=SC2154  # variables of deploy/demo and lib.sh
# Processes that the demo starts, watches and stops, by their pids. Sourced by deploy/demo, after lib.sh.

service_names=()
service_pids=()
service_signals=() # how each is asked to stop

# start_service <name> <signal> <setpriv argument>... -- <command> [argument...]
# The service has a session of its own, so that Ctrl-C reaches only the demo, which then stops its services in order.
# Should the demo be killed outright, the kernel sends them the same signal. Their output goes to $logs/<name>.log.
start_service() {
  local name=$1 signal=$2
  setsid setpriv --pdeathsig "$signal" "${@:3}" >"$logs/$name.log" 2>&1 &
  service_names+=("$name")
  service_pids+=($!)
  service_signals+=("$signal")
}

# Ends the demo when one of its services is not there any more.
require_services() {
  local i
  for i in "${!service_pids[@]}"; do
    kill -0 "${service_pids[i]}" 2>/dev/null && continue
    die "${service_names[i]} has ended by itself; its last lines:" "$(tail -n 15 "$logs/${service_names[i]}.log")"
  done
}

# Stops them in the opposite order of their start.
stop_services() {
  local i
  for ((i = ${#service_pids[@]} - 1; i >= 0; --i)); do
    stop_process "${service_pids[i]}" "${service_signals[i]}" QUIT KILL
    wait "${service_pids[i]}" 2>/dev/null || true
  done
  service_pids=()
}

# stop_process <pid> <signal>...: sends one signal after the other, 10 s apart, until the process is gone.
stop_process() {
  local pid=$1 signal tenths
  for signal in "${@:2}"; do
    kill -s "$signal" "$pid" 2>/dev/null || return 0
    for ((tenths = 0; tenths < 100; ++tenths)); do
      kill -0 "$pid" 2>/dev/null || return 0
      sleep 0.1
    done
  done
}

# wait_until <seconds> <command> [argument...]: tries the command until it succeeds, while all services live.
wait_until() {
  local end=$((SECONDS + $1))
  until "${@:2}" >/dev/null 2>&1; do
    require_services
    ((SECONDS < end)) || die "waited $1 s in vain for: ${*:2}"
    sleep 0.2
  done
}

# Prints a TCP port on which nobody listens, from below the range that the kernel gives to outgoing connections.
free_port() {
  local port
  while port=$((20000 + SRANDOM % 12000)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo "$port"
}

# A GET that ignores proxies and fails on any status but 2xx: get <url> [curl argument...]
get() {
  curl --silent --show-error --fail --noproxy '*' --max-time 5 "$@"
}
