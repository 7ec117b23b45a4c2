# By the service account's name, which stands before the @ of its address.
terraform import dataplane_role.user userflyterole
