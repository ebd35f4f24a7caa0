{{/* An endpoint of a PodMonitor or ServiceMonitor; the argument is its part of the values. */}}
{{- define "pgvigil.endpoint" -}}
- port: pgvigil
  path: /metrics
  honorLabels: {{ .honorLabels }}
  {{- with .interval }}
  interval: {{ . }}
  {{- end }}
  {{- with .scrapeTimeout }}
  scrapeTimeout: {{ . }}
  {{- end }}
  {{- with .relabelings }}
  relabelings:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if or .instanceFromTarget .metricRelabelings }}
  metricRelabelings:
    {{- if .instanceFromTarget }}
    - sourceLabels: [target]
      regex: (.+)
      targetLabel: instance
      action: replace
    {{- end }}
    {{- with .metricRelabelings }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- end }}
{{- end }}

