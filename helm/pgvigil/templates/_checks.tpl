{{/* Values that do not fit each other, which a schema cannot see. */}}
{{- define "pgvigil.check" -}}
{{- include "pgvigil.checkEmpty" . -}}
{{- include "pgvigil.checkMode" . -}}
{{- include "pgvigil.checkServers" . -}}
{{- include "pgvigil.checkJobTools" . -}}
{{- if not .Values.config.extra }}{{ include "pgvigil.checkReceivers" . }}{{ end -}}
{{- end }}

{{/* A heading below which every line is a comment takes the defaults away. */}}
{{- define "pgvigil.checkEmpty" -}}
{{- range $key := list "image" "servers" "poolers" "authModules" "connectionSecret" "settings" "config" "collectors" "collectorOverrides" "rules" "ruleOverrides" "receivers" "mutes" "secrets" "commonLabels" "state" "probes" "sidecar" "demo" "serviceAccount" "rbac" "service" "podMonitor" "serviceMonitor" "prometheusRule" "dashboards" "networkPolicy" "podDisruptionBudget" "jobs" "podMonitor.additionalLabels" "serviceMonitor.additionalLabels" "prometheusRule.additionalLabels" "prometheusRule.ruleLabels" "dashboards.additionalLabels" "jobs.image" "jobs.encryption" "jobs.pgbackrest" "jobs.backup" "jobs.restoreDrill" "jobs.preflight" -}}
{{- $at := $.Values -}}
{{- range splitList "." $key }}{{ $at = index $at . }}{{ end -}}
{{- if kindIs "invalid" $at }}{{ fail (printf "%s: nothing stands there; leave the line out, and the defaults hold" $key) }}{{ end -}}
{{- end -}}
{{- end }}

{{- define "pgvigil.checkMode" -}}
{{- if and .Values.connectionSecret.name (or .Values.servers (ne .Values.mode "deployment")) -}}
{{- fail "connectionSecret: it names the only server of mode deployment; give servers, or that" -}}
{{- end -}}
{{- if and .Values.servers (ne .Values.mode "deployment") -}}
{{- fail (printf "servers: in mode %s the server is the one in the pod; install the chart once more in mode deployment" .Values.mode) -}}
{{- end -}}
{{- if eq .Values.mode "sidecar" -}}
{{- if .Values.state.persistent -}}
{{- fail "state.persistent in mode sidecar: the volumes are those of the pods that the sidecar runs in; there the state is an emptyDir" -}}
{{- end -}}
{{- if .Values.config.rollOnChange -}}
{{- fail "config.rollOnChange in mode sidecar: the pods are another chart's; put `checksum/pgvigil: {{ include \"pgvigil.checksum\" .Subcharts.pgvigil }}` into their annotations, if a change is to restart their Postgres" -}}
{{- end -}}
{{- if and .Values.sidecar.socketVolume (not (hasPrefix "/" .Values.sidecar.host)) -}}
{{- fail (printf "sidecar.socketVolume: it is mounted at sidecar.host, which is to be the folder of the socket, such as /run/postgresql, and is %s" .Values.sidecar.host) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "pgvigil.checkServers" -}}
{{- $names := list -}}
{{- range concat .Values.servers .Values.poolers -}}
{{- if has .name $names }}{{ fail (printf "servers, poolers: two are called %s, and each needs a name of its own" .name) }}{{ end -}}
{{- if and .clientCertificate (not .tlsSecret) -}}
{{- fail (printf "clientCertificate of %s: tlsSecret names the Secret that has tls.crt, tls.key and ca.crt" .name) -}}
{{- end -}}
{{- $names = append $names .name -}}
{{- end -}}
{{- end }}

{{/* A receiver that does not exist would be told by the log of a pod that never gets ready. */}}
{{- define "pgvigil.checkReceivers" -}}
{{- $named := dict "settings.notify.receivers" (default list (default dict .Values.settings.notify).receivers) -}}
{{- range $i, $route := .Values.routes }}{{ $_ := set $named (printf "routes[%d].receivers" $i) (default list $route.receivers) }}{{ end -}}
{{- range $name, $receiver := .Values.receivers -}}
{{- with $receiver.fallback }}{{ $_ := set $named (printf "receivers.%s.fallback" $name) (list .) }}{{ end -}}
{{- end -}}
{{- range $place, $receivers := $named -}}
{{- range $receivers -}}
{{- if not (hasKey $.Values.receivers .) -}}
{{- fail (printf "%s: there is no receiver %s; those of receivers are: %s" $place . (keys $.Values.receivers | sortAlpha | join ", " | default "none")) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}
