terraform import dataplane_crds.this 'kubeconfig/~/.kube/config'
