{{/* Metadata and the head of the spec of the chart's own pods. */}}
{{- define "pgvigil.podMetadata" -}}
labels:
  {{- include "pgvigil.labelsOf" (dict "root" . "more" .Values.podLabels) | nindent 2 }}
{{- if or .Values.podAnnotations .Values.config.rollOnChange }}
annotations:
  {{- if .Values.config.rollOnChange }}
  checksum/config: {{ include "pgvigil.checksum" . }}
  {{- end }}
  {{- with .Values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}

{{/* Of all that the chart's ConfigMaps hold. */}}
{{- define "pgvigil.checksum" -}}
{{ printf "%s%s" (include "pgvigil.config" .) (list .Values.collectors .Values.rules .Values.ruleOverrides | toJson) | sha256sum }}
{{- end }}

{{/*
Where the chart's own pods run, and as whom; of the jobs, too, which never get a token. No variables for the Services of the
namespace: those of one called pgvigil would begin like the settings of the scripts.
*/}}
{{- define "pgvigil.podPlace" -}}
enableServiceLinks: false
{{- with include "pgvigil.serviceAccountName" . }}
serviceAccountName: {{ . | quote }}
{{- end }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . | quote }}
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
