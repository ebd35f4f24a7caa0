{{/* The chart's name in the names of objects. */}}
{{- define "pgvigil.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{/* The name of the release's objects. That of a Service has no dot, and begins with a letter. */}}
{{- define "pgvigil.fullname" -}}
{{- $name := include "pgvigil.name" . -}}
{{- $release := regexReplaceAll "^([0-9])" .Release.Name (printf "%s-${1}" $name) | replace "." "-" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains $name $release -}}
{{- $release | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" $release $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/* The name of a CronJob, which has 52 characters at the most: a longer one is cut, and told from others by a checksum. */}}
{{- define "pgvigil.cronJobName" -}}
{{- $name := include "pgvigil.fullname" .root -}}
{{- $whole := printf "%s-%s" $name .suffix -}}
{{- if gt (len $whole) 52 -}}
{{- $whole = printf "%s-%s-%s" (trunc (sub 42 (len .suffix) | int) $name | trimSuffix "-") (sha256sum $name | trunc 8) .suffix -}}
{{- end -}}
{{ $whole }}
{{- end }}

{{- define "pgvigil.selectorLabels" -}}
app.kubernetes.io/name: {{ include "pgvigil.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{/*
Labels of an object of `root`, each once: the chart's, `commonLabels`, and `more`. A pod with a `component` of its own has no label
app.kubernetes.io/name: neither the Service nor a monitor is to find it.
*/}}
{{- define "pgvigil.labelsOf" -}}
{{- $chart := printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" -}}
{{- $made := dict "helm.sh/chart" $chart "app.kubernetes.io/managed-by" .root.Release.Service "app.kubernetes.io/component" (default "metrics" .component) "app.kubernetes.io/version" .root.Chart.AppVersion -}}
{{- $selected := include "pgvigil.selectorLabels" .root | fromYaml -}}
{{- if .component }}{{ $selected = omit $selected "app.kubernetes.io/name" }}{{ end -}}
{{- range $label, $_ := merge (dict) (default dict .more) .root.Values.commonLabels -}}
{{- if or (eq $label "app.kubernetes.io/name") (eq $label "app.kubernetes.io/instance") -}}
{{- fail (printf "the label %s is what selectors look for: it is the name of the chart (nameOverride) or of the release, and no other" $label) -}}
{{- end -}}
{{- end -}}
{{- mergeOverwrite $made .root.Values.commonLabels (default dict .more) $selected | toYaml -}}
{{- end }}

{{- define "pgvigil.labels" -}}
{{ include "pgvigil.labelsOf" (dict "root" .) }}
{{- end }}

{{/* Labels of the pods that are scraped. */}}
{{- define "pgvigil.podSelector" -}}
{{- if eq .Values.mode "sidecar" -}}
{{ toYaml .Values.sidecar.podSelector }}
{{- else -}}
{{ include "pgvigil.selectorLabels" . }}
{{- end -}}
{{- end }}

{{- define "pgvigil.image" -}}
{{ include "pgvigil.imageOf" (dict "image" .Values.image "tag" .Chart.AppVersion) }}
{{- end }}

{{- define "pgvigil.jobsImage" -}}
{{ include "pgvigil.imageOf" (dict "image" .Values.jobs.image "tag" (printf "%s-postgres%d" .Chart.AppVersion (int .Values.jobs.postgres))) }}
{{- end }}

{{/* The address of an image: by digest, by tag, or by the tag that is the chart's own. */}}
{{- define "pgvigil.imageOf" -}}
{{- if .image.digest -}}
{{ printf "%s@%s" .image.repository .image.digest }}
{{- else -}}
{{ printf "%s:%s" .image.repository (default .tag .image.tag) }}
{{- end -}}
{{- end }}

{{/* The account of the chart's own pods; empty: that of the namespace. In mode sidecar none is made. */}}
{{- define "pgvigil.serviceAccountName" -}}
{{- if eq .Values.mode "sidecar" -}}
{{ .Values.serviceAccount.name }}
{{- else if .Values.serviceAccount.create -}}
{{ default (include "pgvigil.fullname" .) .Values.serviceAccount.name }}
{{- else -}}
{{ default "default" .Values.serviceAccount.name }}
{{- end -}}
{{- end }}

{{- define "pgvigil.configMapName" -}}
{{ default (include "pgvigil.fullname" .) .Values.config.existingConfigMap }}
{{- end }}

{{/* Port that pgvigil listens on. */}}
{{- define "pgvigil.port" -}}
{{ if eq .Values.mode "sidecar" }}{{ .Values.sidecar.port }}{{ else }}9187{{ end }}
{{- end }}

{{- define "pgvigil.hasCollectors" -}}
{{ if or .Values.collectors .Values.collectorConfigMaps }}yes{{ end }}
{{- end }}

{{- define "pgvigil.hasRules" -}}
{{ if or .Values.rules .Values.ruleConfigMaps .Values.ruleOverrides }}yes{{ end }}
{{- end }}

{{/* The name of a Secret's volume: a label, which the name of a Secret need not be. */}}
{{- define "pgvigil.secretVolume" -}}
{{ if or (contains "." .) (gt (len .) 48) }}pgvigil-secret-{{ sha256sum . | trunc 12 }}{{ else }}pgvigil-secret-{{ . }}{{ end }}
{{- end }}

{{- define "pgvigil.demoSecret" -}}
{{ default (printf "%s-postgres" (include "pgvigil.fullname" .)) .Values.demo.existingSecret }}
{{- end }}

{{/* Names of the Secrets that keys of these tables name by `_file`, as JSON. */}}
{{- define "pgvigil.secretsOfFiles" -}}
{{- $names := list -}}
{{- range $table := . -}}
{{- range $key, $value := $table -}}
{{- if and (hasSuffix "_file" $key) (kindIs "map" $value) }}{{ $names = append $names $value.name }}{{ end -}}
{{- end -}}
{{- end -}}
{{- $names | uniq | sortAlpha | toJson -}}
{{- end }}

{{/* Names of all Secrets that are mounted, each once, as JSON. */}}
{{- define "pgvigil.secretNames" -}}
{{- $names := .Values.secrets -}}
{{- range concat .Values.servers .Values.poolers (values .Values.authModules) -}}
{{- if .existingSecret }}{{ $names = append $names .existingSecret.name }}{{ end -}}
{{- if .tlsSecret }}{{ $names = append $names .tlsSecret }}{{ end -}}
{{- end -}}
{{- $tables := concat (values .Values.receivers) .Values.servers .Values.poolers (list .Values.sidecar.server) -}}
{{- $names = concat $names (include "pgvigil.secretsOfFiles" $tables | fromJsonArray) -}}
{{- with .Values.connectionSecret.name }}{{ $names = append $names . }}{{ end -}}
{{- if and (eq .Values.mode "sidecar") .Values.sidecar.existingSecret.name -}}
{{- $names = append $names .Values.sidecar.existingSecret.name -}}
{{- end -}}
{{- if eq .Values.mode "demo" }}{{ $names = append $names (include "pgvigil.demoSecret" .) }}{{ end -}}
{{- $names | uniq | sortAlpha | toJson -}}
{{- end }}
