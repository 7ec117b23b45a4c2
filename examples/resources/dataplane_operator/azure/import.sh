# <cluster>/<namespace>/<name>
terraform import dataplane_operator.this aks/acme-prod/prod/union/dataplane
