{{/*
The container that runs pgvigil: of this chart's pods, and to be included in those of another chart, which has this one as a
dependency: {{ include "pgvigil.sidecarContainer" .Subcharts.pgvigil | nindent 8 }} in its list of containers, and
{{ include "pgvigil.sidecarVolumes" .Subcharts.pgvigil | nindent 8 }} in its list of volumes.

It has no readiness and no startup probe beside a Postgres: a pod with a container that is not ready leaves its Service.
*/}}
{{- define "pgvigil.sidecarContainer" -}}
- name: pgvigil
  image: {{ include "pgvigil.image" . }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  {{- if and (eq .Values.mode "sidecar") .Values.sidecar.native }}
  restartPolicy: Always
  {{- end }}
  args: [run, --supervise, --config, /etc/pgvigil/config/pgvigil.toml]
  ports:
    - name: pgvigil
      containerPort: {{ include "pgvigil.port" . }}
      protocol: TCP
  {{- if or .Values.downwardLabels .Values.env .Values.connectionSecret.name }}
  env:
    {{- with .Values.connectionSecret }}
    {{- if .name }}
    - name: DATA_SOURCE_URI_FILE
      value: {{ printf "/etc/pgvigil/secrets/%s/%s" .name .key | quote }}
    {{- end }}
    {{- end }}
    {{- if .Values.downwardLabels }}
    - name: POD_NAME
      valueFrom:
        fieldRef:
          fieldPath: metadata.name
    - name: POD_NAMESPACE
      valueFrom:
        fieldRef:
          fieldPath: metadata.namespace
    - name: NODE_NAME
      valueFrom:
        fieldRef:
          fieldPath: spec.nodeName
    {{- end }}
    {{- with .Values.env }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- end }}
  {{- if .Values.probes.liveness }}
  livenessProbe:
    httpGet:
      path: /livez
      port: pgvigil
    periodSeconds: 30
    timeoutSeconds: 5
    failureThreshold: 10
  {{- end }}
  {{- if and (eq .Values.mode "deployment") .Values.probes.readiness }}
  readinessProbe:
    httpGet:
      path: /readyz
      port: pgvigil
    periodSeconds: 10
    timeoutSeconds: 5
  {{- end }}
  {{- with .Values.resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.securityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  volumeMounts:
    {{- include "pgvigil.configMounts" . | nindent 4 }}
    - name: pgvigil-state
      mountPath: /var/lib/pgvigil
    {{- if and .Values.backups .Values.jobs.volume }}
    - name: pgvigil-backups
      mountPath: /var/lib/pgvigil-backup
      readOnly: true
    {{- end }}
    {{- range include "pgvigil.secretNames" . | fromJsonArray }}
    - name: {{ include "pgvigil.secretVolume" . }}
      mountPath: /etc/pgvigil/secrets/{{ . }}
      readOnly: true
    {{- end }}
    {{- if and (eq .Values.mode "sidecar") .Values.sidecar.socketVolume }}
    - name: {{ .Values.sidecar.socketVolume | quote }}
      mountPath: {{ .Values.sidecar.host | quote }}
      readOnly: true
    {{- end }}
    {{- with .Values.extraVolumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}

{{/* Where the configuration is, and the folders that it names. */}}
{{- define "pgvigil.configMounts" -}}
- name: pgvigil-config
  mountPath: /etc/pgvigil/config
  readOnly: true
{{- if include "pgvigil.hasCollectors" . }}
- name: pgvigil-collectors
  mountPath: /etc/pgvigil/collectors
  readOnly: true
{{- end }}
{{- if include "pgvigil.hasRules" . }}
- name: pgvigil-rules
  mountPath: /etc/pgvigil/rules
  readOnly: true
{{- end }}
{{- end }}

{{/* A projected volume of the chart's own ConfigMap, where there is one, and further ones. */}}
{{- define "pgvigil.projected" -}}
projected:
  sources:
    {{- range compact (concat (list .own) .others) }}
    - configMap:
        name: {{ . | quote }}
        {{- if and $.early (eq . $.own) }}
        optional: true
        {{- end }}
    {{- end }}
{{- end }}

{{/*
The volumes of configMounts. `early`: for a hook, which runs before an upgrade has made the ConfigMaps that are new with it, and
would wait for them.
*/}}
{{- define "pgvigil.configVolumes" -}}
{{- $values := .root.Values -}}
{{- $collectors := "" -}}
{{- $rules := "" -}}
{{- if $values.collectors }}{{ $collectors = printf "%s-collectors" (include "pgvigil.fullname" .root) }}{{ end -}}
{{- if or $values.rules $values.ruleOverrides }}{{ $rules = printf "%s-rules" (include "pgvigil.fullname" .root) }}{{ end -}}
- name: pgvigil-config
  configMap:
    name: {{ include "pgvigil.configMapName" .root | quote }}
    {{- if .early }}
    optional: true
    {{- end }}
{{- if include "pgvigil.hasCollectors" .root }}
- name: pgvigil-collectors
  {{- include "pgvigil.projected" (dict "own" $collectors "others" $values.collectorConfigMaps "early" .early) | nindent 2 }}
{{- end }}
{{- if include "pgvigil.hasRules" .root }}
- name: pgvigil-rules
  {{- include "pgvigil.projected" (dict "own" $rules "others" $values.ruleConfigMaps "early" .early) | nindent 2 }}
{{- end }}
{{- end }}

{{/* The volumes of that container. */}}
{{- define "pgvigil.sidecarVolumes" -}}
{{ include "pgvigil.configVolumes" (dict "root" .) }}
- name: pgvigil-state
  {{- if and .Values.state.persistent (ne .Values.mode "sidecar") }}
  persistentVolumeClaim:
    claimName: {{ default (printf "%s-state" (include "pgvigil.fullname" .)) .Values.state.existingClaim | quote }}
  {{- else if eq .Values.mode "deployment" }}
  emptyDir:
    sizeLimit: {{ .Values.state.size }}
  {{- else }}
  emptyDir: {}
  {{- end }}
{{- if and .Values.backups .Values.jobs.volume }}
- name: pgvigil-backups
  {{- toYaml .Values.jobs.volume | nindent 2 }}
{{- end }}
{{- range include "pgvigil.secretNames" . | fromJsonArray }}
- name: {{ include "pgvigil.secretVolume" . }}
  secret:
    secretName: {{ . | quote }}
    defaultMode: {{ if eq $.Values.mode "sidecar" }}0444{{ else }}0440{{ end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
