# The cluster: eks/<region>/<name>, or kubeconfig/<path>#<context>
terraform import dataplane_crds.this eks/eu-west-1/prod
