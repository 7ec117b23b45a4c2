# <cluster>/<namespace>/<name>
terraform import dataplane_operator.this eks/eu-west-1/prod/union/dataplane
