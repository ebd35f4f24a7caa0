{{/* Metadata and the head of the spec of the chart's own pods. */}}
{{- define "pgvigil.podMetadata" -}}
labels:
  {{- include "pgvigil.labels" . | nindent 2 }}
  {{- with .Values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- if or .Values.podAnnotations .Values.config.rollOnChange }}
annotations:
  {{- if .Values.config.rollOnChange }}
  checksum/config: {{ printf "%s%s" (include "pgvigil.config" .) (list .Values.collectors .Values.rules .Values.ruleOverrides | toJson) | sha256sum }}
  {{- end }}
  {{- with .Values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}

{{/* Where the chart's own pods run, and as whom; of the jobs, too, which never get a token. */}}
{{- define "pgvigil.podPlace" -}}
serviceAccountName: {{ include "pgvigil.serviceAccountName" . }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
