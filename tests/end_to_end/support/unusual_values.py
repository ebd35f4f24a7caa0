"""Names and texts that YAML, or Kubernetes, could take for something else."""

DOUBLED = """
commonLabels: {team: a}
podLabels: {team: b}
podMonitor: {enabled: true, additionalLabels: {team: c}}
networkPolicy: {enabled: true}
"""
JOBS = "jobs: {backup: {enabled: true}, restoreDrill: {enabled: true}, preflight: {enabled: true}}\n"
_SERVER = "servers: [{name: a, host: db}]\n"
CASES = {  # what it is: (release, values as YAML)
    "numeric": ("123", _SERVER + "serviceAccount: {name: '42'}\npriorityClassName: '1'\nsecrets: ['789']\n"
                "state: {persistent: true, existingClaim: '99'}\nimage: {pullSecrets: ['11']}\n"),
    "true": ("true", _SERVER),
    "dotted": ("a.b", _SERVER),
    "long": ("a" * 53, _SERVER + JOBS),
    "long-demo": ("b" * 53, "mode: demo\ndemo: {size: 1Gi}\nstate: {persistent: true}\n" + JOBS),
    "doubled": ("payments", _SERVER + DOUBLED),
    "renamed": ("payments", _SERVER + JOBS + "fullnameOverride: " + "b" * 80 + "\n"),
    "openshift": ("payments", _SERVER + "podSecurityContext: {runAsUser: null, runAsGroup: null, fsGroup: null}\n"
                  "securityContext: {runAsUser: null, runAsGroup: null}\n"),
}  # fmt: skip
