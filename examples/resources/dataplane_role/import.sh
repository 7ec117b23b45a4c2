# By its name.
terraform import dataplane_role.user userflyterole

# When pods take it on by EKS Pod Identity: with the cluster that its associations are in.
terraform import dataplane_role.user eks/prod/userflyterole
