{{/* A value of a conninfo string: quoted as libpq wants it. */}}
{{- define "pgvigil.conninfo" -}}
'{{ . | toString | replace "\\" "\\\\" | replace "'" "\\'" }}'
{{- end }}

{{/* Keys of a server that the chart makes others of. */}}
{{- define "pgvigil.ownKeys" -}}
["name", "host", "port", "database", "user", "sslmode", "tlsSecret", "clientCertificate", "existingSecret", "kind", "databases", "labels"]
{{- end }}

{{/* The credentials that a Secret holds. */}}
{{- define "pgvigil.credentials" -}}
{{- with .existingSecret }}
password_file = {{ printf "/etc/pgvigil/secrets/%s/%s" .name (default "password" .key) | toJson }}
{{- with .userKey }}
user_file = {{ printf "/etc/pgvigil/secrets/%s/%s" $.existingSecret.name . | toJson }}
{{- end }}
{{- end }}
{{- end }}

{{/* A server or pooler as an entry of pgvigil.toml. JSON's strings are TOML's. */}}
{{- define "pgvigil.server" -}}
{{- $dsn := printf "host=%s" (include "pgvigil.conninfo" .host) -}}
{{- $dsn = printf "%s port=%d" $dsn (int (default 5432 .port)) -}}
{{- with .database }}{{ $dsn = printf "%s dbname=%s" $dsn (include "pgvigil.conninfo" .) }}{{ end -}}
{{- $user := default (ternary "" "pgvigil" (not (empty (default dict .existingSecret).userKey))) .user -}}
{{- with $user }}{{ $dsn = printf "%s user=%s" $dsn (include "pgvigil.conninfo" .) }}{{ end -}}
{{- with default (ternary "verify-full" "" (not (empty .tlsSecret))) .sslmode }}{{ $dsn = printf "%s sslmode=%s" $dsn . }}{{ end -}}
{{- with .tlsSecret }}{{ $dsn = printf "%s sslrootcert=/etc/pgvigil/secrets/%s/ca.crt" $dsn . }}{{ end -}}
{{- if .clientCertificate -}}
{{- $dsn = printf "%s sslcert=/etc/pgvigil/secrets/%s/tls.crt sslkey=/etc/pgvigil/secrets/%s/tls.key" $dsn .tlsSecret .tlsSecret -}}
{{- end -}}
{{- with .name }}
name = {{ toJson . }}
{{- end }}
dsn = {{ toJson $dsn }}
{{- with .kind }}
kind = {{ toJson . }}
{{- end }}
{{- include "pgvigil.credentials" . }}
{{- with .databases }}
databases = {{ toJson . }}
{{- end }}
{{- $further := deepCopy . }}
{{- range include "pgvigil.ownKeys" . | fromJsonArray }}{{ $further = omit $further . }}{{ end }}
{{- include "pgvigil.keys" $further }}
{{- with .labels }}
labels = {{ include "pgvigil.value" . }}
{{- end }}
{{- end }}

{{/* pgvigil.toml */}}
{{- define "pgvigil.config" -}}
# Written by the chart. What is changed here is lost with the next upgrade: see the values servers, config.extra.
{{- $sections := deepCopy .Values.settings }}
{{- $_ := set $sections "http" (merge (dict "listen" (printf "0.0.0.0:%s" (include "pgvigil.port" .))) (default dict $sections.http)) }}
{{- $_ := set $sections "state" (dict "directory" "/var/lib/pgvigil") }}
{{- if include "pgvigil.hasCollectors" . }}
{{- $_ := set $sections "collect" (merge (dict "directory" "/etc/pgvigil/collectors") (default dict $sections.collect)) }}
{{- end }}
{{- if include "pgvigil.hasRules" . }}
{{- $_ := set $sections "rules" (merge (dict "directories" (list "/etc/pgvigil/rules")) (default dict $sections.rules)) }}
{{- end }}
{{- if .Values.cluster }}
{{- $_ := set $sections "labels" (merge (dict "cluster" .Values.cluster) (default dict $sections.labels)) }}
{{- end }}
{{- if .Values.downwardLabels }}
{{- $_ := set $sections "environment_labels" (merge (dict "pod" "POD_NAME" "namespace" "POD_NAMESPACE" "node" "NODE_NAME") (default dict $sections.environment_labels)) }}
{{- end }}
{{- range $name := keys $sections | sortAlpha }}

[{{ $name }}]
{{- get $sections $name | include "pgvigil.keys" }}
{{- end }}
{{- if eq .Values.mode "sidecar" }}
{{- $own := dict "host" .Values.sidecar.host "port" .Values.sidecar.serverPort "database" .Values.sidecar.database "user" .Values.sidecar.user "databases" .Values.sidecar.databases }}
{{- if .Values.sidecar.existingSecret.name }}{{ $_ := set $own "existingSecret" .Values.sidecar.existingSecret }}{{ end }}

[server]
{{- include "pgvigil.server" (merge $own .Values.sidecar.server) }}
{{- else if eq .Values.mode "demo" }}
{{- $secret := dict "name" (include "pgvigil.demoSecret" .) "key" "pgvigil-password" }}

[server]
{{- include "pgvigil.server" (dict "host" "127.0.0.1" "port" .Values.demo.port "database" "postgres" "user" "pgvigil" "databases" (list "*" "!template*") "existingSecret" $secret) }}
{{- end }}
{{- range .Values.servers }}

[[server]]
{{- include "pgvigil.server" . }}
{{- end }}
{{- range .Values.poolers }}

[[pooler]]
{{- include "pgvigil.server" (mergeOverwrite (dict "port" 6432) .) }}
{{- end }}
{{- range $name := keys .Values.authModules | sortAlpha }}
{{- $module := get $.Values.authModules $name }}

[auth_module.{{ $name }}]
{{- include "pgvigil.credentials" $module }}
{{- include "pgvigil.keys" (omit $module "existingSecret") }}
{{- end }}
{{- range $name := keys .Values.collectorOverrides | sortAlpha }}

[collector.{{ $name }}]
{{- get $.Values.collectorOverrides $name | include "pgvigil.keys" }}
{{- end }}
{{- range .Values.backups }}

[[backup]]
{{- include "pgvigil.keys" . }}
{{- end }}
{{- range $name := keys .Values.receivers | sortAlpha }}

[receiver.{{ $name }}]
{{- get $.Values.receivers $name | include "pgvigil.keys" }}
{{- end }}
{{- range .Values.routes }}

[[route]]
{{- include "pgvigil.keys" . }}
{{- end }}
{{- range .Values.inhibits }}

[[inhibit]]
{{- include "pgvigil.keys" . }}
{{- end }}
{{- range $name := keys .Values.mutes | sortAlpha }}

[mute.{{ $name }}]
{{- get $.Values.mutes $name | include "pgvigil.keys" }}
{{- end }}
{{- with .Values.config.extra }}

{{ . | trim }}
{{- end }}
{{- end }}
