# <cluster>/<project>-<domain>
terraform import dataplane_workspace.fraud aks/acme-prod/prod/fraud-production
