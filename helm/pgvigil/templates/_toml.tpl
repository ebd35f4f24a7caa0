{{/* A value of TOML. JSON's texts, numbers and lists are TOML's; its objects are not. */}}
{{- define "pgvigil.value" -}}
{{- if kindIs "map" . -}}
{ {{ range $i, $key := keys . | sortAlpha }}{{ if $i }}, {{ end }}{{ toJson $key }} = {{ get $ $key | include "pgvigil.value" }}{{ end }} }
{{- else -}}
{{ toJson . }}
{{- end -}}
{{- end }}

{{/* The keys of a table, one a line. A key that ends in `_file` may name a key of a Secret. */}}
{{- define "pgvigil.keys" -}}
{{- range $key := keys . | sortAlpha }}
{{- $value := get $ $key }}
{{ $key }} = {{ if and (hasSuffix "_file" $key) (kindIs "map" $value) -}}
{{ printf "/etc/pgvigil/secrets/%s/%s" $value.name $value.key | toJson }}
{{- else -}}
{{ include "pgvigil.value" $value }}
{{- end }}
{{- end }}
{{- end }}

{{/* What is changed of single rules, as a file of rules. */}}
{{- define "pgvigil.overrides" -}}
{{- range $alert := keys .Values.ruleOverrides | sortAlpha }}
[override.{{ $alert }}]
{{- get $.Values.ruleOverrides $alert | include "pgvigil.keys" }}
{{ end }}
{{- end }}
