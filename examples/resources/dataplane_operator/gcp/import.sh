# <cluster>/<namespace>/<name>
terraform import dataplane_operator.this gke/acme-prod-123456/europe-west4/prod/union/dataplane
