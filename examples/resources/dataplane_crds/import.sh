# The cluster: eks/<region>/<name>, gke/<project>/<location>/<name>, aks/<resource group>/<name>, kubeconfig/<path>#<context> or
# direct/<address>
terraform import dataplane_crds.this eks/eu-west-1/prod
# One that is reached by a private endpoint, by its address
terraform import dataplane_crds.this eks/eu-west-1/prod@10.1.0.4:443
