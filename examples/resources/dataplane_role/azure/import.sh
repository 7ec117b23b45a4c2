# By the managed identity's name.
terraform import dataplane_role.user userflyterole
