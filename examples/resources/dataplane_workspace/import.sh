# <cluster>/<project>-<domain>
terraform import dataplane_workspace.fraud eks/eu-west-1/prod/fraud-production
