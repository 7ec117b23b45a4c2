# <cluster>/<project>-<domain>
terraform import dataplane_workspace.fraud gke/acme-prod-123456/europe-west4/prod/fraud-production
