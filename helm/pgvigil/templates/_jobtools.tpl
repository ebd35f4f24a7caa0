{{/*
The keys and the configuration of the tools that jobs call. Each pod gets what it needs: one that makes backups has public keys and
cannot decrypt, and the secret key is in the pod of the restore drill alone.
*/}}
{{- define "pgvigil.checkJobTools" -}}
{{- $encryption := .Values.jobs.encryption -}}
{{- $backrest := .Values.jobs.pgbackrest -}}
{{- if eq $encryption.tool "none" -}}
{{- range $key := list "recipients" "identity" "passphrase" -}}
{{- if get $encryption $key }}{{ fail (printf "jobs.encryption.%s: jobs.encryption.tool says what it is of, age or gpg" $key) }}{{ end -}}
{{- end -}}
{{- else -}}
{{- if $backrest.stanza }}{{ fail "jobs.encryption: it is of dump sets; pgBackRest encrypts by repo1-cipher-type of its configuration" }}{{ end -}}
{{- if and .Values.jobs.backup.enabled (not $encryption.recipients) -}}
{{- fail (printf "jobs.encryption.recipients: jobs.backup needs public keys of %s, {name: SECRET, key: KEY}" $encryption.tool) -}}
{{- end -}}
{{- if and .Values.jobs.restoreDrill.enabled (not $encryption.identity) -}}
{{- fail (printf "jobs.encryption.identity: jobs.restoreDrill needs a secret key of %s, {name: SECRET, key: KEY}" $encryption.tool) -}}
{{- end -}}
{{- if and (eq $encryption.tool "age") $encryption.passphrase }}{{ fail "jobs.encryption.passphrase: an identity of age has none here; it is for gpg" }}{{ end -}}
{{- end -}}
{{- if and $backrest.stanza (not $backrest.config) -}}
{{- fail (printf "jobs.pgbackrest.config: the Secret with the pgbackrest.conf of stanza %s, {name: SECRET, key: KEY}" $backrest.stanza) -}}
{{- end -}}
{{- if and $backrest.config (not $backrest.stanza) }}{{ fail "jobs.pgbackrest.stanza: the stanza of the pgbackrest.conf in jobs.pgbackrest.config" }}{{ end -}}
{{- end }}

{{/* What the job `name` of `root` reads out of Secrets, as JSON: variable of the scripts -> {name, key}. */}}
{{- define "pgvigil.jobToolFiles" -}}
{{- $encryption := .root.Values.jobs.encryption -}}
{{- $is_gpg := eq $encryption.tool "gpg" -}}
{{- $files := dict -}}
{{- if eq .name "restore-drill" -}}
{{- $_ := set $files (ternary "PGVIGIL_DRILL_GPG_KEY_FILE" "PGVIGIL_DRILL_AGE_IDENTITY" $is_gpg) $encryption.identity -}}
{{- $_ := set $files "PGVIGIL_DRILL_GPG_PASSPHRASE_FILE" $encryption.passphrase -}}
{{- else -}}
{{- $_ := set $files (ternary "PGVIGIL_BACKUP_GPG_KEYS_FILE" "PGVIGIL_BACKUP_RECIPIENTS_FILE" $is_gpg) $encryption.recipients -}}
{{- end -}}
{{- $_ := set $files "PGBACKREST_CONFIG" .root.Values.jobs.pgbackrest.config -}}
{{- range $variable, $secret := $files -}}
{{- if not $secret }}{{ $_ := unset $files $variable }}{{ end -}}
{{- end -}}
{{- toJson $files -}}
{{- end }}

{{/* The variables of that job's environment, which is nothing for plain dump sets. */}}
{{- define "pgvigil.jobToolEnv" -}}
{{- $files := include "pgvigil.jobToolFiles" . | fromJson -}}
{{- $variables := dict -}}
{{- range $variable, $secret := $files -}}
{{- $_ := set $variables $variable (printf "/etc/pgvigil/secrets/%s/%s" $secret.name $secret.key) -}}
{{- end -}}
{{- if or (hasKey $files "PGVIGIL_BACKUP_GPG_KEYS_FILE") (hasKey $files "PGVIGIL_BACKUP_RECIPIENTS_FILE") -}}
{{- $_ := set $variables "PGVIGIL_BACKUP_ENCRYPTION" .root.Values.jobs.encryption.tool -}}
{{- end -}}
{{- with .root.Values.jobs.pgbackrest.stanza -}}
{{- $_ := set $variables "PGVIGIL_BACKUP_TOOL" "pgbackrest" -}}
{{- $_ := set $variables "PGVIGIL_BACKUP_STANZA" . -}}
{{- $_ := set $variables "PGBACKREST_LOG_LEVEL_FILE" "off" -}}
{{- end -}}
{{- range $variable, $value := $variables }}
- name: {{ $variable }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{/* Names of all Secrets that are mounted at /etc/pgvigil/secrets/NAME in that job, each once, as JSON. */}}
{{- define "pgvigil.jobSecrets" -}}
{{- $names := list -}}
{{- if include "pgvigil.jobsTell" .root }}{{ $names = include "pgvigil.receiverSecrets" .root | fromJsonArray }}{{ end -}}
{{- range $_, $secret := include "pgvigil.jobToolFiles" . | fromJson }}{{ $names = append $names $secret.name }}{{ end -}}
{{- $names | uniq | sortAlpha | toJson -}}
{{- end }}
